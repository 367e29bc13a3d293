#include "ui/compare/compare_table.h"

#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/parts/icons.h"
#include "ui/parts/run_cell_painter.h"
#include "ui/parts/widgets.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr int kPadding = 8;

int preferredWidth(CompareColumn column) {
  switch (column) {
    case CompareColumn::Mark:
      return 52;
    case CompareColumn::Run:
      return 190;
    case CompareColumn::Map:
      return 84;
    case CompareColumn::Heads:
      return 132;
    case CompareColumn::Perplexity:
      return 114;
    case CompareColumn::PerplexityDelta:
      return 82;
    case CompareColumn::KvBytes:
      return 98;
    case CompareColumn::KvMeasured:
      return 82;
    case CompareColumn::Parameters:
      return 86;
    case CompareColumn::Speed:
      return 78;
    case CompareColumn::KvBytesDelta:
    case CompareColumn::KvMeasuredDelta:
    case CompareColumn::ParametersDelta:
    case CompareColumn::SpeedDelta:
      return 64;
    case CompareColumn::Frontier:
      return 96;
  }
  return 80;
}

const store::RunSummary* summaryOf(const QModelIndex& index) {
  return static_cast<const store::RunSummary*>(index.data(CompareModel::RunRole).value<void*>());
}

void paintRun(QPainter& painter, const QRect& cell, const QModelIndex& index, const store::RunSummary& run,
              const QColor& ground) {
  const Theme& theme = Theme::current();
  const auto* proxy = static_cast<const QSortFilterProxyModel*>(index.model());
  const auto place = static_cast<const CompareModel*>(proxy->sourceModel())->placeOf(run.id);
  if (place != CompareModel::Place::NoValue)
    paintMarker(painter, QPointF(cell.left() + 6, cell.center().y() + 0.5), 5, familyStyle(familyOf(run), theme),
                place == CompareModel::Place::OnFrontier ? MarkerFill::Filled : MarkerFill::Hollow, ground);
  painter.setFont(typeFont(Type::Strong));
  painter.setPen(theme.text);
  const QRect text = cell.adjusted(22, 0, 0, 0);
  painter.drawText(text, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
                   painter.fontMetrics().elidedText(index.data().toString(), Qt::ElideMiddle, text.width()));
}

}  // namespace

void paintPairBadge(QPainter& painter, const QPointF& center, const QString& letter, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box(std::round(center.x()) - 9, std::round(center.y()) - 9, 18, 18);
  painter.setPen(QPen(theme.accent, 1));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  painter.setFont(captionFont());
  painter.setPen(theme.text);
  painter.drawText(box, Qt::AlignCenter, letter);
  painter.restore();
}

void CompareDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const store::RunSummary* run = summaryOf(index);
  if (!run) return;
  const Theme& theme = Theme::current();
  const auto column = static_cast<CompareColumn>(index.column());
  const bool isSelected = option.state & QStyle::State_Selected;
  const QString text = index.data().toString();
  const auto* proxy = static_cast<const QSortFilterProxyModel*>(index.model());
  const bool isBaseline = static_cast<const CompareModel*>(proxy->sourceModel())->baseline() == run->id;
  const QColor ground = isSelected                    ? theme.selection
                        : index.row() == m_hoveredRow ? theme.hover
                        : isBaseline                  ? theme.header
                                                      : theme.panel;
  painter->save();
  painter->fillRect(option.rect, ground);
  painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1),
                    isBaseline ? theme.strongLine : theme.hairline);
  const QRect cell = option.rect.adjusted(kPadding, 0, -kPadding, -1);
  painter->setFont(bodyFont());
  painter->setPen(isDelta(column) ? theme.text : theme.text2);
  switch (column) {
    case CompareColumn::Mark:
      if (isSelected)
        painter->fillRect(QRect(option.rect.left(), option.rect.top(), 2, option.rect.height()), theme.accent);
      if (text == QStringLiteral("A") || text == QStringLiteral("B"))
        paintPairBadge(*painter, QPointF(option.rect.left() + 25, cell.center().y() + 0.5), text, theme);
      else if (isBaseline)
        paintIcon(*painter, QRectF(option.rect.left() + 17, cell.center().y() - 7, 15, 15), QStringLiteral("pin"),
                  theme.text2);
      break;
    case CompareColumn::Run:
      paintRun(*painter, cell, index, *run, ground);
      break;
    case CompareColumn::Map:
      paintMapGlyph(*painter, QRectF(cell.left(), cell.center().y() - 6, 62, 14), run->map, theme);
      break;
    default: {
      QFont font = bodyFont();
      if (column == CompareColumn::Perplexity && run->perplexity) font.setWeight(QFont::DemiBold);
      if (column == CompareColumn::Perplexity || column == CompareColumn::KvBytes) painter->setPen(theme.text);
      painter->setFont(font);
      painter->drawText(cell,
                        (index.data(Qt::TextAlignmentRole).toInt() & Qt::AlignHorizontal_Mask) | Qt::AlignVCenter |
                            Qt::TextSingleLine,
                        painter->fontMetrics().elidedText(text, Qt::ElideRight, cell.width()));
    }
  }
  const auto* view = qobject_cast<const QTableView*>(option.widget);
  if (view && view->hasFocus() && view->currentIndex().row() == index.row()) {
    painter->setPen(QPen(theme.accent, 1));
    painter->drawLine(option.rect.topLeft(), option.rect.topRight());
    painter->drawLine(option.rect.left(), option.rect.bottom() - 1, option.rect.right(), option.rect.bottom() - 1);
  }
  painter->restore();
}

QSize CompareDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  return {preferredWidth(static_cast<CompareColumn>(index.column())), metrics::row};
}

CompareHeader::CompareHeader(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) {
  setSectionsClickable(true);
  setHighlightSections(false);
  setSectionsMovable(true);
  setMinimumSectionSize(32);
  setAccessibleName(QStringLiteral("Columns of the comparison"));
}

QSize CompareHeader::sizeHint() const {
  return {QHeaderView::sizeHint().width(), std::max(metrics::headerRow, QFontMetrics(captionFont()).height() + 12)};
}

void CompareHeader::paintSection(QPainter* painter, const QRect& rect, int section) const {
  const Theme& theme = Theme::current();
  painter->save();
  painter->fillRect(rect, theme.header);
  painter->fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.hairline);
  painter->setFont(captionFont());
  painter->setPen(theme.text2);
  const bool isSorted = isSortIndicatorShown() && sortIndicatorSection() == section;
  const bool isRight = model()->headerData(section, Qt::Horizontal, Qt::TextAlignmentRole).toInt() & Qt::AlignRight;
  const QRect cell = rect.adjusted(kPadding, 0, -kPadding, 0);
  const int arrow = isSorted ? 13 : 0;
  const QString text = painter->fontMetrics().elidedText(model()->headerData(section, Qt::Horizontal).toString(),
                                                         Qt::ElideRight, cell.width() - arrow);
  const int width = painter->fontMetrics().horizontalAdvance(text);
  const int left = isRight ? cell.right() + 1 - width - arrow : cell.left();
  painter->drawText(QRect(left, cell.top(), width + 1, cell.height()),
                    Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text);
  if (isSorted)
    paintIcon(
        *painter, QRectF(left + width + 2, cell.center().y() - 5, 11, 11),
        sortIndicatorOrder() == Qt::AscendingOrder ? QStringLiteral("triangle-up") : QStringLiteral("triangle-down"),
        theme.text2);
  painter->restore();
}

CompareTable::CompareTable(CompareModel* model, PairSelection* selection, QWidget* parent)
    : HoverTable(parent),
      m_model(model),
      m_proxy(new CompareSortProxy(this)),
      m_pair(selection),
      m_delegate(new CompareDelegate(this)) {
  m_proxy->setSourceModel(model);
  setModel(m_proxy);
  setHorizontalHeader(new CompareHeader(this));
  setItemDelegate(m_delegate);
  verticalHeader()->setMinimumSectionSize(metrics::row);
  horizontalHeader()->setStretchLastSection(true);
  setSelectionMode(QAbstractItemView::ExtendedSelection);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setContextMenuPolicy(Qt::CustomContextMenu);
  setAccessibleName(QStringLiteral("Runs in the plot"));
  setSortingEnabled(true);
  sortByColumn(static_cast<int>(CompareColumn::KvBytes), Qt::AscendingOrder);
  applyWidths();
  applyColumns();
  connect(m_pair, &PairSelection::changed, this, &CompareTable::showSelection);
  connect(selectionModel(), &QItemSelectionModel::selectionChanged, this, &CompareTable::readSelection);
}

void CompareTable::applyWidths() {
  const double scale = std::max(1.0, static_cast<double>(QFontMetrics(bodyFont()).height()) / 16);
  verticalHeader()->setDefaultSectionSize(std::max(metrics::row, QFontMetrics(bodyFont()).height() + 10));
  for (int i = 0; i < kCompareColumns; ++i)
    setColumnWidth(i, static_cast<int>(preferredWidth(static_cast<CompareColumn>(i)) * scale));
}

void CompareTable::setColumnWanted(CompareColumn column, bool wanted) {
  if (wanted)
    m_unwanted.erase(static_cast<int>(column));
  else
    m_unwanted.insert(static_cast<int>(column));
  applyColumns();
}

void CompareTable::setHasBaseline(bool hasBaseline) {
  if (hasBaseline == m_hasBaseline) return;
  m_hasBaseline = hasBaseline;
  applyColumns();
}

void CompareTable::applyColumns() {
  for (int i = 0; i < kCompareColumns; ++i) {
    const auto column = static_cast<CompareColumn>(i);
    setColumnHidden(i, !isColumnWanted(column) || (isDelta(column) && !m_hasBaseline));
  }
}

void CompareTable::restoreColumns(const QByteArray& state, const QStringList& unwanted) {
  if (!state.isEmpty()) horizontalHeader()->restoreState(state);
  m_unwanted.clear();
  for (const QString& column : unwanted)
    if (const int i = column.toInt(); i > static_cast<int>(CompareColumn::Run) && i < kCompareColumns)
      m_unwanted.insert(i);
  applyColumns();
}

QStringList CompareTable::unwantedColumns() const {
  QStringList columns;
  for (const int column : m_unwanted) columns << QString::number(column);
  return columns;
}

const store::RunSummary* CompareTable::runAt(int proxyRow) const { return summaryOf(m_proxy->index(proxyRow, 0)); }

const store::RunSummary* CompareTable::currentRun() const {
  return currentIndex().isValid() ? summaryOf(currentIndex()) : nullptr;
}

int CompareTable::proxyRowOf(store::RunId run) const {
  const int row = m_model->rowOf(run);
  return row < 0 ? -1 : m_proxy->mapFromSource(m_model->index(row, 0)).row();
}

void CompareTable::showSelection() {
  if (m_isShowing) return;
  m_isShowing = true;
  QItemSelection rows;
  for (const store::RunId run : m_pair->runs())
    if (const int row = proxyRowOf(run); row >= 0)
      rows.select(m_proxy->index(row, 0), m_proxy->index(row, kCompareColumns - 1));
  selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect);
  if (const int row = proxyRowOf(m_pair->b().value != 0 ? m_pair->b() : m_pair->a()); row >= 0) {
    const QModelIndex name = m_proxy->index(row, static_cast<int>(CompareColumn::Run));
    selectionModel()->setCurrentIndex(name, QItemSelectionModel::NoUpdate);
    scrollTo(name);
  }
  m_isShowing = false;
}

void CompareTable::readSelection() {
  if (m_isShowing) return;
  std::vector<store::RunId> runs;
  for (const QModelIndex& row : selectionModel()->selectedRows())
    if (const store::RunSummary* run = summaryOf(row)) runs.push_back(run->id);
  m_pair->setRuns(runs);
  // More than two were marked: the view shows the pair that came out of it.
  if (runs.size() > 2) showSelection();
}

void CompareTable::setEmptyText(const QString& text) {
  m_emptyText = text;
  setAccessibleDescription(text);
  viewport()->update();
}

void CompareTable::paintEvent(QPaintEvent* event) {
  QTableView::paintEvent(event);
  if (m_proxy->rowCount() > 0 || m_emptyText.isEmpty()) return;
  QPainter painter(viewport());
  painter.setFont(bodyFont());
  painter.setPen(Theme::current().text2);
  painter.drawText(viewport()->rect().adjusted(24, 8, -24, -8),
                   static_cast<int>(Qt::AlignHCenter | Qt::AlignTop) | Qt::TextWordWrap, m_emptyText);
}

}  // namespace weft::ui
