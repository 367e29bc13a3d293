// ui/queue/queue_table.h -- the job list of the Queue page: headings across, painted cells, small buttons at the end of
// a row, rows to drag.
#pragma once

#include <QStyledItemDelegate>
#include <optional>

#include "ui/models/queue_model.h"
#include "ui/parts/hover_table.h"

namespace weft::ui {

enum class JobCommand { Pause, Stop, Kill, Hold, Remove, Release };
struct JobButton {
  JobCommand command;
  QString iconName, text;
};
// What a row offers, left to right.
std::vector<JobButton> jobButtons(const store::Job& job);

class QueueDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  // The button under a point of the Actions cell; nullopt beside them.
  static std::optional<JobCommand> buttonAt(const QRect& cell, const QPoint& position, const store::Job& job);
  void setHovered(int row, QPoint position) {
    m_hoveredRow = row;
    m_hoveredAt = position;
  }

 private:
  int m_hoveredRow = -1;
  QPoint m_hoveredAt;
};

class QueueTable : public HoverTable {
  Q_OBJECT
 public:
  explicit QueueTable(QueueModel* model, QWidget* parent = nullptr);
  const store::Job* currentJob() const;
  const store::RunSummary* currentRun() const;  // whom it is about
  void selectJob(store::JobId job) { selectRow(m_model->rowOf(job)); }
  void selectRun(store::RunId run) { selectRow(m_model->rowOf(run)); }  // its training

 Q_SIGNALS:
  void commandClicked(weft::ui::JobCommand command, weft::store::JobId job);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void hover(int row, QPoint at) override;
  void applyWidths() override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  bool viewportEvent(QEvent* event) override;

 private:
  void spanHeadings();
  void selectRow(int row);
  std::optional<JobCommand> commandAt(const QPoint& position) const;
  QueueModel* m_model;
  QueueDelegate* m_delegate;
};

}  // namespace weft::ui
