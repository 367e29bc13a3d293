// ui/window/status_strip.h -- the status bar, 24 px: engine and its counts, devices, the last message, the age of the
// data.
#pragma once

#include <QWidget>
#include <memory>

#include "ui/models/project_session.h"

class QTimer;

namespace weft::ui {

class StatusStrip : public QWidget {
  Q_OBJECT
 public:
  explicit StatusStrip(QWidget* parent = nullptr);
  void setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot);  // nullptr: no project is open
  void setOpening(const QString& project);                         // said until it is open; empty: none is being opened
  void showMessage(const QString& sentence);
  QString engineText() const;
  QString storeText() const;

  QSize sizeHint() const override;

 Q_SIGNALS:
  void engineClicked();  // opens Queue; the engine is started there or by the button
  void startClicked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;

 private:
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  double m_readAt_s = 0;
  QString m_message, m_opening;
  QTimer* m_clock;
  QTimer* m_messageTimer;
  mutable QRectF m_engineArea, m_startArea;
};

}  // namespace weft::ui
