// ui/runs/run_table_view.h -- the run table on screen: fixed 26-px rows, painted cells, a header that shows several
// sort keys, a line of text when empty.
#pragma once

#include <QHeaderView>
#include <QStyledItemDelegate>

#include "ui/models/run_sort_proxy.h"
#include "ui/parts/hover_table.h"

class QPushButton;

namespace weft::ui {

class RunDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void setHoveredRow(int row) { m_hoveredRow = row; }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  int m_hoveredRow = -1;
};

// Click sorts by a column, Shift+click adds it as a further key; the number of the key stands beside its arrow.
class SortHeader : public QHeaderView {
  Q_OBJECT
 public:
  explicit SortHeader(RunSortProxy* proxy, QWidget* parent = nullptr);

 Q_SIGNALS:
  void sortKeysChanged();

 protected:
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void paintSection(QPainter* painter, const QRect& rect, int section) const override;
  QSize sizeHint() const override;

 private:
  RunSortProxy* m_proxy;
  QPoint m_pressedAt;
  int m_pressedSection = -1;
};

class RunTableView : public HoverTable {
  Q_OBJECT
 public:
  explicit RunTableView(RunSortProxy* proxy, QWidget* parent = nullptr);
  SortHeader* sortHeader() const { return m_header; }
  std::vector<store::RunId> selectedRuns() const;
  void selectRuns(const std::vector<store::RunId>& runs);
  // Shown in the middle while there is no row, with one button under it (none if `button` is empty).
  void setEmptyText(const QString& text, const QString& button = {});
  QString emptyText() const { return m_emptyText; }
  // Grey bars where the rows will stand, while a project is being opened.
  void setLoading(bool loading);
  bool isLoading() const { return m_isLoading; }

 Q_SIGNALS:
  void emptyButtonClicked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void hover(int row, QPoint) override { m_delegate->setHoveredRow(row); }
  void applyWidths() override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void placeEmptyButton();
  RunSortProxy* m_proxy;
  SortHeader* m_header;
  RunDelegate* m_delegate;
  QString m_emptyText;
  bool m_isLoading = false;
  void paintBars();
  QPushButton* m_emptyButton;
};

}  // namespace weft::ui
