#include "ui/parts/hover_table.h"

#include <QHeaderView>
#include <QMouseEvent>

namespace weft::ui {

HoverTable::HoverTable(QWidget* parent) : QTableView(parent) {
  setShowGrid(false);
  setFrameShape(QFrame::NoFrame);
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setTabKeyNavigation(false);
  setMouseTracking(true);
  verticalHeader()->hide();
  verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
}

void HoverTable::mouseMoveEvent(QMouseEvent* event) {
  hover(indexAt(event->pos()).row(), event->pos());
  viewport()->update();
  QTableView::mouseMoveEvent(event);
}

void HoverTable::leaveEvent(QEvent* event) {
  hover(-1, {});
  viewport()->update();
  QTableView::leaveEvent(event);
}

void HoverTable::changeEvent(QEvent* event) {
  QTableView::changeEvent(event);
  if (event->type() == QEvent::FontChange) applyWidths();
}

}  // namespace weft::ui
