#include "ui/monitor/readings_table.h"

#include <QEvent>
#include <QHeaderView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "ui/models/run_text.h"
#include "ui/monitor/loss_chart.h"
#include "ui/monitor/small_charts.h"
#include "ui/plot/shared_cursor.h"

namespace weft::ui {
namespace {

constexpr int kMostRows = 6;
constexpr int kHead = metrics::headerRow + 8;
constexpr int kSwatch = 22;
constexpr int kRunWidth = 118;  // at least, for the name

const QString kNone = QStringLiteral("–");

class ReadingsDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Theme& theme = Theme::current();
    painter->save();
    QRect cell = option.rect;
    painter->fillRect(cell, option.state & QStyle::State_MouseOver ? theme.hover : theme.panel);
    painter->fillRect(QRect(cell.left(), cell.bottom(), cell.width(), 1), theme.hairline);
    cell.adjust(8, 0, -8, -1);
    if (index.column() == 0) {
      cell.setLeft(option.rect.left() + metrics::panelMargin);
      const auto* model = static_cast<const ReadingsModel*>(index.model());
      const bool isOneOfMany = model->rowCount() > kMostSolidCurves;
      paintLineSample(*painter, QRectF(cell.left(), cell.center().y() - 1, kSwatch, 3),
                      lineStyle(model->styleAt(index.row()), theme), isOneOfMany ? 1.8 : 3,
                      isOneOfMany ? Dashes::Yes : Dashes::No);
      cell.setLeft(cell.left() + kSwatch + 8);
    }
    painter->setFont(index.column() == 0 ? typeFont(Type::Strong) : bodyFont());
    painter->setPen(theme.text);
    painter->drawText(cell, static_cast<int>(index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter,
                      QFontMetrics(painter->font()).elidedText(index.data().toString(), Qt::ElideRight, cell.width()));
    painter->restore();
  }
};

}  // namespace

QString placeText(double x, XAxis axis) {
  switch (axis) {
    case XAxis::Steps:
      return QStringLiteral("step %1").arg(QString::fromStdString(groupDigits(std::llround(x))));
    case XAxis::Tokens:
      return QStringLiteral("%1 tokens")
          .arg(x < 1e4 ? QString::fromStdString(groupDigits(std::llround(x))) : metricValue(x, Quantity::Count));
    case XAxis::Time:
      return durationText(x);
  }
  return {};
}

void ReadingsModel::set(const QStringList& headers, std::vector<Row> rows) {
  if (headers == m_headers && rows.size() == m_rows.size()) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == m_rows[i]) continue;
      m_rows[i] = rows[i];
      Q_EMIT dataChanged(index(static_cast<int>(i), 0), index(static_cast<int>(i), columnCount() - 1));
    }
    return;
  }
  beginResetModel();
  m_headers = headers;
  m_rows = std::move(rows);
  endResetModel();
}

QString ReadingsModel::asText() const {
  QStringList lines{m_headers.join(u'\t')};
  for (const Row& row : m_rows) lines << row.cells.join(u'\t');
  return lines.join(u'\n') + u'\n';
}

int ReadingsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}
int ReadingsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_headers.size());
}

QVariant ReadingsModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  return m_rows[static_cast<std::size_t>(index.row())].cells.value(index.column());
}

QVariant ReadingsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  // The first column's cells begin at the panel's margin; a section knows only its own.
  return section == 0 ? QStringLiteral("  ") + m_headers.value(section) : m_headers.value(section);
}

ReadingsTable::ReadingsTable(const LossChart& loss, const SmallCharts& small, const SharedCursor& cursor,
                             QWidget* parent)
    : Surface(Fill::Panel, {}, parent),
      m_loss(loss),
      m_small(small),
      m_cursor(cursor),
      m_model(new ReadingsModel(this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Header, Qt::TopEdge | Qt::BottomEdge);
  head->setFixedHeight(kHead);
  auto* row = new QHBoxLayout(head);
  row->setContentsMargins(metrics::panelMargin, 1, metrics::panelMargin, 1);
  row->addWidget(new TextLabel(QStringLiteral("Readings"), Type::Section));
  m_caption = new TextLabel({}, Type::Caption, Tone::Text2);
  row->addSpacing(4);
  row->addWidget(m_caption);
  row->addStretch(1);
  row->addWidget(new TextLabel(QStringLiteral("click a chart to pin, Ctrl+C copies"), Type::Caption, Tone::Text3));
  column->addWidget(head);
  m_table = new QTableView;
  m_table->setModel(m_model);
  m_table->setItemDelegate(new ReadingsDelegate(m_table));
  m_table->setAccessibleName(QStringLiteral("Readings at the cursor"));
  m_table->setShowGrid(false);
  m_table->setFrameShape(QFrame::NoFrame);
  m_table->setSelectionMode(QAbstractItemView::NoSelection);
  m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  m_table->setTabKeyNavigation(false);
  m_table->setMouseTracking(true);
  m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_table->horizontalHeader()->setHighlightSections(false);
  m_table->horizontalHeader()->setSectionsClickable(false);
  m_table->horizontalHeader()->setFont(captionFont());
  m_table->horizontalHeader()->setMinimumSectionSize(40);
  column->addWidget(m_table);
  connect(m_table, &QAbstractItemView::clicked, this,
          [this](const QModelIndex& index) { Q_EMIT runClicked(m_model->runAt(index.row())); });
}

void ReadingsTable::update() {
  const ChartOptions& options = m_loss.options();
  QStringList headers{QStringLiteral("Run"),
                      options.x == XAxis::Time     ? QStringLiteral("Time")
                      : options.x == XAxis::Tokens ? QStringLiteral("Tokens")
                                                   : QStringLiteral("Step"),
                      QStringLiteral("Loss")};
  if (options.smoothing > 0) headers << QStringLiteral("EMA %1").arg(options.smoothing);
  headers << QStringLiteral("Held-out");
  std::vector<const MetricChart*> others;
  for (const std::string& name : m_small.metrics())
    if (!m_small.isHiddenByUser(name)) {
      others.push_back(m_small.chart(name));
      headers << others.back()->text().title;
    }
  std::vector<ReadingsModel::Row> rows;
  for (const ChartRun& run : m_loss.runs()) {
    ReadingsModel::Row row{run.id, run.style.value_or(styleNumber(run.id)), {run.name}};
    const auto at = m_cursor.x() ? m_loss.reading(run.id, *m_cursor.x()) : m_loss.lastReading(run.id);
    const QString place = at ? placeText(at->x, options.x) : kNone;
    row.cells << (options.x == XAxis::Steps    ? place.section(u' ', -1)
                  : options.x == XAxis::Tokens ? QString(place).remove(QStringLiteral(" tokens"))
                                               : place);
    row.cells << (at ? metricValue(at->raw, Quantity::Number) : kNone);
    if (options.smoothing > 0) row.cells << (at ? metricValue(at->smooth, Quantity::Number) : kNone);
    const auto heldOut = at ? m_loss.evaluationAt(run.id, at->x) : std::nullopt;
    row.cells << (heldOut ? metricValue(*heldOut, Quantity::Number) : kNone);
    for (const MetricChart* chart : others) {
      const auto reading = m_cursor.x() ? chart->reading(run.id, *m_cursor.x()) : chart->lastReading(run.id);
      row.cells << (reading ? metricValue(reading->raw, chart->text().quantity) : kNone);
    }
    rows.push_back(std::move(row));
  }
  m_caption->setText(m_cursor.x() ? QStringLiteral("at %1").arg(placeText(*m_cursor.x(), options.x))
                                  : QStringLiteral("latest"));
  const bool isOtherShape =
      m_model->columnCount() != headers.size() || m_model->rowCount() != static_cast<int>(rows.size());
  m_model->set(headers, std::move(rows));
  if (!isOtherShape) return;
  arrange();
}

void ReadingsTable::arrange() {
  QHeaderView* header = m_table->horizontalHeader();
  // Wide enough for any reading: a column that followed its content would move under the eye. Where there is no room
  // the last ones go, whole; the clipboard has them all.
  const int number = QFontMetrics(bodyFont()).horizontalAdvance(QStringLiteral("88,888"));
  int room = m_table->width() - kRunWidth;
  for (int i = 0; i < m_model->columnCount(); ++i) {
    header->setSectionResizeMode(i, i == 0 ? QHeaderView::Stretch : QHeaderView::Fixed);
    if (i == 0) continue;
    const int title = QFontMetrics(captionFont()).horizontalAdvance(m_model->headerData(i, Qt::Horizontal).toString());
    const int width = std::max(title, number) + 18;
    m_table->setColumnWidth(i, width);
    room -= width;
    m_table->setColumnHidden(i, room < 0);
  }
  const int rowHeight = std::max(metrics::row, QFontMetrics(bodyFont()).height() + 10);
  const int headerHeight = std::max(metrics::headerRow, QFontMetrics(captionFont()).height() + 12);
  m_table->verticalHeader()->setMinimumSectionSize(rowHeight);
  m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
  header->setFixedHeight(headerHeight);
  const int rows = (m_mostHeight - kHead - headerHeight) / rowHeight;
  m_table->setFixedHeight(headerHeight +
                          rowHeight * std::clamp(m_model->rowCount(), 1, std::clamp(rows, 1, kMostRows)));
}

void ReadingsTable::setMostHeight(int pixels) {
  if (pixels == m_mostHeight) return;
  m_mostHeight = pixels;
  arrange();
}

void ReadingsTable::resizeEvent(QResizeEvent* event) {
  Surface::resizeEvent(event);
  arrange();
}

void ReadingsTable::changeEvent(QEvent* event) {
  Surface::changeEvent(event);
  if (event->type() != QEvent::FontChange && event->type() != QEvent::ApplicationFontChange) return;
  m_table->horizontalHeader()->setFont(captionFont());
  arrange();
}

}  // namespace weft::ui
