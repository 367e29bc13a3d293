#include "ui/runs/run_table_view.h"

#include <QApplication>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <algorithm>
#include <set>

#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_cell_painter.h"

namespace weft::ui {
namespace {

constexpr int kPadding = 8;

int preferredWidth(RunColumn column) {
  switch (column) {
    case RunColumn::Marks:
      return 36;
    case RunColumn::Status:
      return 94;
    case RunColumn::Name:
      return 204;
    case RunColumn::Map:
      return 78;
    case RunColumn::Heads:
      return 128;
    case RunColumn::Parameters:
      return 84;
    case RunColumn::Perplexity:
      return 116;
    case RunColumn::KvBytes:
      return 86;
    case RunColumn::KvMeasured:
      return 74;
    case RunColumn::TokensPerSecond:
      return 70;
    case RunColumn::Progress:
      return 138;
    case RunColumn::Loss:
      return 78;
    case RunColumn::Tags:
      return 108;
    case RunColumn::Updated:
      return 66;
  }
  return 90;
}

QStringList tagsOf(const store::RunSummary& run) {
  QStringList tags;
  for (const std::string& tag : run.tags) tags << QString::fromStdString(tag);
  return tags;
}

void drawText(QPainter& painter, const QRect& area, const QString& text, Qt::Alignment align = Qt::AlignLeft) {
  painter.drawText(area, align | Qt::AlignVCenter | Qt::TextSingleLine,
                   painter.fontMetrics().elidedText(text, Qt::ElideRight, area.width()));
}

void paintName(QPainter& painter, const QRect& area, const store::RunSummary& run, const QString& wholeDistinction,
               const Theme& theme) {
  QFont name = bodyFont();
  name.setWeight(QFont::Medium);
  // Too narrow for both: what tells the run from others of its name is shortened last, and never to less than half.
  const QFontMetrics metrics(name), small(bodyFont());
  const int wanted = metrics.horizontalAdvance(QString::fromStdString(run.name));
  const int room = std::max(area.width() / 2, area.width() - wanted - 6);
  const QString distinction = small.elidedText(wholeDistinction, Qt::ElideMiddle, room);
  const int distinctionWidth = distinction.isEmpty() ? 0 : small.horizontalAdvance(distinction) + 6;
  const QString text =
      metrics.elidedText(QString::fromStdString(run.name), Qt::ElideRight, area.width() - distinctionWidth);
  painter.setFont(name);
  painter.setPen(theme.text);
  painter.drawText(area, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, text);
  painter.setFont(bodyFont());
  painter.setPen(theme.text3);
  painter.drawText(area.adjusted(metrics.horizontalAdvance(text) + 6, 0, 0, 0),
                   Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine, distinction);
}

bool hasFailed(const store::RunSummary& run) {
  return run.state == store::RunState::Failed || run.state == store::RunState::Lost;
}

// A failure without a loss curve may use the Loss cell too, if that stands right of it.
bool usesLossCell(const store::RunSummary& run, const QWidget* widget) {
  const auto* table = qobject_cast<const QTableView*>(widget);
  if (!table || !hasFailed(run) || run.sparkline.size() >= 2) return false;
  const QHeaderView* header = table->horizontalHeader();
  const int progress = static_cast<int>(RunColumn::Progress), loss = static_cast<int>(RunColumn::Loss);
  return !table->isColumnHidden(progress) && !table->isColumnHidden(loss) &&
         header->visualIndex(loss) == header->visualIndex(progress) + 1;
}

void paintProgress(QPainter& painter, const QRect& area, const store::RunSummary& run, const Theme& theme) {
  if (store::isActive(run.state)) {
    const int labelWidth = painter.fontMetrics().horizontalAdvance(QStringLiteral("100%")) + 6;
    paintProgressBar(painter, area.adjusted(0, 0, -labelWidth, 0), run.progress, theme.accent, theme);
    painter.setPen(theme.text);
    drawText(painter, area, progressText(run), Qt::AlignRight);
    return;
  }
  painter.setPen(hasFailed(run) ? theme.error : theme.text2);
  drawText(painter, area, progressText(run));
}

}  // namespace

void RunDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const store::RunSummary* run = runOf(index);
  if (!run) return;
  const Theme& theme = Theme::current();
  const bool isSelected = option.state & QStyle::State_Selected;
  painter->save();
  painter->fillRect(option.rect, isSelected                    ? theme.selection
                                 : index.row() == m_hoveredRow ? theme.hover
                                                               : theme.panel);
  painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), theme.hairline);
  const auto column = static_cast<RunColumn>(index.column());
  if (isSelected && column == RunColumn::Marks)
    painter->fillRect(QRect(option.rect.left(), option.rect.top(), 2, option.rect.height()), theme.accent);
  const auto* view = qobject_cast<const QTableView*>(option.widget);
  const bool isCurrent = view && view->hasFocus() && view->currentIndex().row() == index.row();
  const QRect cell = option.rect.adjusted(kPadding, 0, -kPadding, -1);
  const QString text = index.data().toString();
  painter->setFont(bodyFont());
  painter->setPen(theme.text2);
  switch (column) {
    case RunColumn::Marks:
      if (run->baseline || run->starred)
        paintIcon(*painter, QRectF(option.rect.right() - 22, cell.center().y() - 7, 15, 15),
                  run->baseline ? QStringLiteral("star") : QStringLiteral("star-outline"), theme.warning);
      break;
    case RunColumn::Status:
      paintStateIcon(*painter, QRectF(cell.left(), cell.top(), 16, cell.height()), run->state, theme);
      painter->setPen(store::isActive(run->state) || run->state == store::RunState::Failed ||
                              run->state == store::RunState::Lost
                          ? theme.text
                          : theme.text2);
      drawText(*painter, cell.adjusted(22, 0, 0, 0), text);
      break;
    case RunColumn::Name:
      paintName(*painter, cell, *run, index.data(RunTableModel::DistinctionRole).toString(), theme);
      break;
    case RunColumn::Map:
      paintMapGlyph(*painter, QRectF(cell.left(), cell.center().y() - 6, 62, 14), run->map, theme);
      break;
    case RunColumn::Perplexity: {
      QFont strong = bodyFont();
      strong.setWeight(QFont::DemiBold);
      if (run->perplexity) {
        painter->setFont(strong);
        painter->setPen(theme.text);
      }
      drawText(*painter, cell, text, Qt::AlignRight);
      break;
    }
    case RunColumn::KvBytes:
    case RunColumn::KvMeasured:
      painter->setPen(column == RunColumn::KvBytes || run->kvBytesPerTokenMeasured ? theme.text : theme.text2);
      drawText(*painter, cell, text, Qt::AlignRight);
      break;
    case RunColumn::Progress: {
      const auto* table = qobject_cast<const QTableView*>(option.widget);
      const int more = usesLossCell(*run, option.widget) ? table->columnWidth(static_cast<int>(RunColumn::Loss)) : 0;
      painter->setClipRect(option.rect);
      paintProgress(*painter, cell.adjusted(0, 0, more, 0), *run, theme);
      break;
    }
    case RunColumn::Loss: {
      if (usesLossCell(*run, option.widget)) {
        const auto* table = qobject_cast<const QTableView*>(option.widget);
        painter->setClipRect(option.rect);
        paintProgress(*painter, cell.adjusted(-table->columnWidth(static_cast<int>(RunColumn::Progress)), 0, 0, 0),
                      *run, theme);
        break;
      }
      const double share =
          store::isActive(run->state) || run->steps <= 0 ? 1 : std::min(1.0, double(run->step) / double(run->steps));
      paintSparkline(*painter, QRectF(cell).adjusted(0, 5, 0, -5), run->sparkline,
                     store::isActive(run->state) ? run->progress : share, theme);
      break;
    }
    case RunColumn::Tags:
      paintTags(*painter, cell, tagsOf(*run), theme);
      break;
    default:
      drawText(*painter, cell, text,
               Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt()) & Qt::AlignHorizontal_Mask);
      break;
  }
  if (isCurrent) {
    // The keyboard's place: a ring around the whole row, drawn piece by piece.
    painter->setPen(QPen(theme.accent, 1));
    painter->drawLine(option.rect.topLeft(), option.rect.topRight());
    painter->drawLine(option.rect.left(), option.rect.bottom() - 1, option.rect.right(), option.rect.bottom() - 1);
  }
  painter->restore();
}

QSize RunDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  return {preferredWidth(static_cast<RunColumn>(index.column())), metrics::row};
}

SortHeader::SortHeader(RunSortProxy* proxy, QWidget* parent) : QHeaderView(Qt::Horizontal, parent), m_proxy(proxy) {
  setSectionsClickable(true);
  setHighlightSections(false);
  setSectionsMovable(true);
  setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  setAccessibleName(QStringLiteral("Columns of the run table"));
  setMinimumSectionSize(32);
}

QSize SortHeader::sizeHint() const {
  return {QHeaderView::sizeHint().width(), qMax(metrics::headerRow, QFontMetrics(captionFont()).height() + 12)};
}

void SortHeader::mousePressEvent(QMouseEvent* event) {
  m_pressedAt = event->pos();
  m_pressedSection =
      event->button() == Qt::LeftButton && cursor().shape() != Qt::SplitHCursor ? logicalIndexAt(event->pos()) : -1;
  QHeaderView::mousePressEvent(event);
}

void SortHeader::mouseReleaseEvent(QMouseEvent* event) {
  QHeaderView::mouseReleaseEvent(event);
  if (m_pressedSection < 0 || logicalIndexAt(event->pos()) != m_pressedSection ||
      (event->pos() - m_pressedAt).manhattanLength() >= QApplication::startDragDistance())
    return;
  const auto column = static_cast<RunColumn>(m_pressedSection);
  if (column == RunColumn::Loss) return;
  std::vector<SortKey> keys = m_proxy->sortKeys();
  const auto held = std::find_if(keys.begin(), keys.end(), [&](const SortKey& key) { return key.column == column; });
  SortKey key{column, Qt::AscendingOrder};
  if (held != keys.end()) key.order = held->order == Qt::AscendingOrder ? Qt::DescendingOrder : Qt::AscendingOrder;
  if (event->modifiers() & Qt::ShiftModifier) {
    if (held != keys.end())
      held->order = key.order;
    else
      keys.push_back(key);
  } else {
    keys = {key};
  }
  m_proxy->setSortKeys(std::move(keys));
  viewport()->update();
  Q_EMIT sortKeysChanged();
}

void SortHeader::paintSection(QPainter* painter, const QRect& rect, int section) const {
  const Theme& theme = Theme::current();
  painter->save();
  painter->fillRect(rect, theme.header);
  painter->fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), theme.hairline);
  painter->setFont(captionFont());
  painter->setPen(theme.text2);
  const Qt::Alignment align(model()->headerData(section, Qt::Horizontal, Qt::TextAlignmentRole).toInt());
  QRect cell = rect.adjusted(kPadding, 0, -kPadding, 0);
  const auto& keys = m_proxy->sortKeys();
  const auto key =
      std::find_if(keys.begin(), keys.end(), [&](const SortKey& k) { return static_cast<int>(k.column) == section; });
  QString text = model()->headerData(section, Qt::Horizontal).toString();
  if (key == keys.end()) {
    painter->drawText(cell, (align & Qt::AlignHorizontal_Mask) | Qt::AlignVCenter | Qt::TextSingleLine,
                      painter->fontMetrics().elidedText(text, Qt::ElideRight, cell.width()));
  } else {
    const QString number = keys.size() > 1 ? QString::number(key - keys.begin() + 1) : QString();
    const int extra = (number.isEmpty() ? 0 : painter->fontMetrics().horizontalAdvance(number) + 4) + 12;
    text = painter->fontMetrics().elidedText(text, Qt::ElideRight, cell.width() - extra);
    const int width = painter->fontMetrics().horizontalAdvance(text);
    const int left = align & Qt::AlignRight ? cell.right() - width - extra + 1 : cell.left();
    painter->drawText(QRect(left, cell.top(), width + 1, cell.height()), Qt::AlignVCenter | Qt::AlignLeft, text);
    painter->setPen(theme.text3);
    painter->drawText(QRect(left + width + 4, cell.top(), extra, cell.height()), Qt::AlignVCenter | Qt::AlignLeft,
                      number);
    paintIcon(*painter, QRectF(left + width + extra - 11, cell.center().y() - 5, 11, 11),
              key->order == Qt::AscendingOrder ? QStringLiteral("triangle-up") : QStringLiteral("triangle-down"),
              theme.text2);
  }
  painter->restore();
}

RunTableView::RunTableView(RunSortProxy* proxy, QWidget* parent)
    : HoverTable(parent),
      m_proxy(proxy),
      m_header(new SortHeader(proxy, this)),
      m_delegate(new RunDelegate(this)),
      m_emptyButton(new QPushButton(viewport())) {
  m_emptyButton->hide();
  connect(m_emptyButton, &QPushButton::clicked, this, &RunTableView::emptyButtonClicked);
  setModel(proxy);
  setHorizontalHeader(m_header);
  setItemDelegate(m_delegate);
  verticalHeader()->setMinimumSectionSize(metrics::row);
  setSelectionMode(QAbstractItemView::ExtendedSelection);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setContextMenuPolicy(Qt::CustomContextMenu);
  setAccessibleName(QStringLiteral("Runs"));
  applyWidths();
  const auto hide = [this](int first, int last) {
    for (int i = first; i <= last; ++i) setColumnHidden(i, true);
  };
  hide(kDrawnRunColumns, m_proxy->columnCount() - 1);
  connect(m_proxy, &QAbstractItemModel::columnsInserted, this,
          [hide](const QModelIndex&, int first, int last) { hide(first, last); });
}

void RunTableView::applyWidths() {
  const double scale = double(QFontMetrics(bodyFont()).height()) / 16;
  verticalHeader()->setDefaultSectionSize(qMax(metrics::row, QFontMetrics(bodyFont()).height() + 10));
  for (int i = 0; i < m_proxy->columnCount(); ++i)
    setColumnWidth(i, int(preferredWidth(static_cast<RunColumn>(i)) * qMax(1.0, scale)));
  m_header->setSectionResizeMode(QHeaderView::Interactive);
  m_header->setStretchLastSection(true);
}

std::vector<store::RunId> RunTableView::selectedRuns() const {
  std::vector<store::RunId> runs;
  QModelIndexList rows = selectionModel()->selectedRows();
  std::sort(rows.begin(), rows.end(), [](const QModelIndex& a, const QModelIndex& b) { return a.row() < b.row(); });
  for (const QModelIndex& row : rows)
    if (const store::RunSummary* run = runOf(row)) runs.push_back(run->id);
  return runs;
}

void RunTableView::selectRuns(const std::vector<store::RunId>& runs) {
  const std::set<store::RunId> wanted(runs.begin(), runs.end());
  QItemSelection selection;
  QModelIndex first;
  for (int row = 0; row < m_proxy->rowCount(); ++row) {
    const QModelIndex index = m_proxy->index(row, 0);
    const store::RunSummary* run = runOf(index);
    if (!run || !wanted.contains(run->id)) continue;
    selection.select(index, m_proxy->index(row, m_proxy->columnCount() - 1));
    if (!first.isValid()) first = m_proxy->index(row, static_cast<int>(RunColumn::Name));
  }
  if (first.isValid()) {
    selectionModel()->setCurrentIndex(first, QItemSelectionModel::NoUpdate);
    scrollTo(first);
  }
  selectionModel()->select(selection, QItemSelectionModel::ClearAndSelect);
}

void RunTableView::setEmptyText(const QString& text, const QString& button) {
  // Said at every change of a run, and nearly always nothing: the table is not drawn anew for that.
  if (text == m_emptyText && button == m_emptyButton->text()) return;
  m_emptyText = text;
  setAccessibleDescription(text);
  m_emptyButton->setText(button);
  m_emptyButton->setVisible(!text.isEmpty() && !button.isEmpty());
  placeEmptyButton();
  viewport()->update();
}

void RunTableView::placeEmptyButton() {
  m_emptyButton->adjustSize();
  m_emptyButton->move((viewport()->width() - m_emptyButton->width()) / 2, viewport()->height() / 3 + 20);
}

void RunTableView::resizeEvent(QResizeEvent* event) {
  QTableView::resizeEvent(event);
  placeEmptyButton();
}

void RunTableView::setLoading(bool loading) {
  if (loading == m_isLoading) return;
  m_isLoading = loading;
  viewport()->update();
}

// Bars of uneven length, the same ones every time.
void RunTableView::paintBars() {
  constexpr int kBars = 12, kBarHeight = 8;
  const Theme& theme = Theme::current();
  QPainter painter(viewport());
  const int row = verticalHeader()->defaultSectionSize();
  for (int i = 0; i < kBars && i * row < viewport()->height(); ++i) {
    for (int column = 0; column < m_proxy->columnCount(); ++column) {
      if (isColumnHidden(column)) continue;
      const int room = columnWidth(column) - 2 * kPadding;
      const int width = room * (5 + (i * 7 + column * 3) % 5) / 10;
      if (width > 4)
        painter.fillRect(
            QRect(columnViewportPosition(column) + kPadding, i * row + (row - kBarHeight) / 2, width, kBarHeight),
            theme.track);
    }
    painter.fillRect(QRect(0, (i + 1) * row - 1, viewport()->width(), 1), theme.hairline);
  }
}

void RunTableView::paintEvent(QPaintEvent* event) {
  QTableView::paintEvent(event);
  if (m_isLoading && m_proxy->rowCount() == 0) return paintBars();
  if (m_proxy->rowCount() > 0 || m_emptyText.isEmpty()) return;
  QPainter painter(viewport());
  painter.setFont(bodyFont());
  painter.setPen(Theme::current().text2);
  painter.drawText(QRect(24, 0, viewport()->width() - 48, viewport()->height() / 3 + 8),
                   Qt::AlignHCenter | Qt::AlignBottom | Qt::TextWordWrap, m_emptyText);
}

}  // namespace weft::ui
