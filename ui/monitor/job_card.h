// ui/monitor/job_card.h -- one job in the list at the left: an active one with its progress and its commands, any other
// as two lines.
#pragma once

#include <QWidget>
#include <optional>

#include "engine/store/run_store.h"
#include "ui/plot/series_style.h"

class QPushButton;

namespace weft::ui {

class JobCard : public QWidget {
  Q_OBJECT
 public:
  explicit JobCard(QWidget* parent = nullptr);

  void setRun(const store::RunSummary& run, const QString& label);
  const store::RunSummary& run() const { return m_run; }
  const QString& label() const { return m_label; }
  struct Marks {
    std::optional<int> style{};  // its curve is in the charts and looks like this
    Dashes dashes = Dashes::No;
    bool isCurrent = false;  // the one that log, header and keys are about
    bool operator==(const Marks&) const = default;
  };
  void setMarks(const Marks& marks);
  bool isPlotted() const { return m_marks.style.has_value(); }
  bool isCurrent() const { return m_marks.isCurrent; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

 Q_SIGNALS:
  void clicked(weft::store::RunId run, Qt::KeyboardModifiers modifiers);
  void doubleClicked(weft::store::RunId run);
  void requested(weft::store::RequestKind kind, weft::store::RunId run);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  bool isActive() const { return store::isActive(m_run.state); }
  void paintActive(QPainter& painter) const;
  void paintEnded(QPainter& painter) const;
  void paintSwatch(QPainter& painter, double middle) const;
  void placeButtons();
  void updateSpoken();

  store::RunSummary m_run;
  QString m_label;
  Marks m_marks;
  bool m_hasKeyboardFocus = false;
  QPushButton *m_pause, *m_stop, *m_kill;
};

}  // namespace weft::ui
