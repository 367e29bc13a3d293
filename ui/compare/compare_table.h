// ui/compare/compare_table.h -- the table of the Compare page: 26-px rows, the family's marker before the name, badges
// A and B, the baseline pinned.
#pragma once

#include <QHeaderView>
#include <QStyledItemDelegate>
#include <set>

#include "ui/compare/compare_model.h"
#include "ui/parts/hover_table.h"

namespace weft::ui {

// "A" or "B" in a box, as in table, panel and plot.
void paintPairBadge(QPainter& painter, const QPointF& center, const QString& letter, const Theme& theme);

class CompareDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void setHoveredRow(int row) { m_hoveredRow = row; }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  int m_hoveredRow = -1;
};

// Captions with the sort arrow right beside them.
class CompareHeader : public QHeaderView {
  Q_OBJECT
 public:
  explicit CompareHeader(QWidget* parent = nullptr);

 protected:
  void paintSection(QPainter* painter, const QRect& rect, int section) const override;
  QSize sizeHint() const override;
};

class CompareTable : public HoverTable {
  Q_OBJECT
 public:
  CompareTable(CompareModel* model, PairSelection* selection, QWidget* parent = nullptr);
  const store::RunSummary* currentRun() const;
  const store::RunSummary* runAt(int proxyRow) const;
  int proxyRowOf(store::RunId run) const;
  // Differences need a baseline: without one their columns are not there, whatever is wanted.
  void setColumnWanted(CompareColumn column, bool wanted);
  bool isColumnWanted(CompareColumn column) const { return !m_unwanted.contains(static_cast<int>(column)); }
  void setHasBaseline(bool hasBaseline);
  QByteArray columnState() const { return horizontalHeader()->saveState(); }
  void restoreColumns(const QByteArray& state, const QStringList& unwanted);
  QStringList unwantedColumns() const;
  void setEmptyText(const QString& text);
  QString emptyText() const { return m_emptyText; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void hover(int row, QPoint) override { m_delegate->setHoveredRow(row); }
  void applyWidths() override;

 private:
  void applyColumns();
  void showSelection();  // from the pair to the rows
  void readSelection();  // from the rows to the pair
  CompareModel* m_model;
  CompareSortProxy* m_proxy;
  PairSelection* m_pair;
  CompareDelegate* m_delegate;
  QString m_emptyText;
  std::set<int> m_unwanted;
  bool m_hasBaseline = false;
  bool m_isShowing = false;
};

}  // namespace weft::ui
