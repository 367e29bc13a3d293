// ui/parts/hover_table.h -- a table whose rows light up under the pointer, that goes by rows and is not edited: the run
// table, the queue, the table of Compare.
#pragma once

#include <QTableView>

namespace weft::ui {

class HoverTable : public QTableView {
  Q_OBJECT
 public:
  explicit HoverTable(QWidget* parent = nullptr);

 protected:
  // The row under the pointer, -1 for none; what is drawn for it follows.
  virtual void hover(int row, QPoint at) = 0;
  // Widths and heights by the font; called when that changes.
  virtual void applyWidths() = 0;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void changeEvent(QEvent* event) override;
};

}  // namespace weft::ui
