#include "ui/queue/queue_table.h"

#include <QHeaderView>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

#include "ui/parts/icons.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/run_cell_painter.h"
#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

constexpr int kButton = 30;
constexpr int kRow = 32;

int preferredWidth(QueueColumn column) {
  switch (column) {
    case QueueColumn::Handle:
      return 44;
    case QueueColumn::Position:
      return 32;
    case QueueColumn::Job:
      return 220;
    case QueueColumn::Map:
      return 88;
    case QueueColumn::Needs:
      return 130;
    case QueueColumn::State:
      return 90;
    case QueueColumn::Starts:
      return 110;
    case QueueColumn::Takes:
      return 100;
    case QueueColumn::Actions:
      return 3 * kButton + 16;
  }
  return 80;
}

QRect buttonArea(const QRect& cell, std::size_t index, std::size_t count) {
  const int left = cell.right() - 10 - static_cast<int>(count - index) * kButton;
  return {left, cell.center().y() - 13, kButton - 2, 26};
}

void elide(QPainter& painter, const QRect& area, const QString& text, int align) {
  painter.drawText(area, align | Qt::AlignVCenter | Qt::TextSingleLine,
                   painter.fontMetrics().elidedText(text, Qt::ElideRight, area.width()));
}

}  // namespace

std::vector<JobButton> jobButtons(const store::Job& job) {
  using store::JobState;
  // Only a training has a checkpoint to write and to go on from.
  const bool isTraining = job.isTraining();
  if (job.state == JobState::Queued)
    return {{JobCommand::Hold, QStringLiteral("held"),
             QStringLiteral("Hold: kept in the queue, not started until released (H)")},
            {JobCommand::Remove, QStringLiteral("close"), QStringLiteral("Take it out of the queue")}};
  if (job.state == JobState::Held || job.state == JobState::Paused)
    return {{JobCommand::Release, QStringLiteral("play"), QStringLiteral("Release: back into the queue (R)")},
            {JobCommand::Remove, QStringLiteral("close"), QStringLiteral("Take it out of the queue")}};
  std::vector<JobButton> buttons;
  const bool canStop = job.state == JobState::Starting || job.state == JobState::Running;
  if (canStop && isTraining)
    buttons.push_back({JobCommand::Pause, QStringLiteral("pause"),
                       QStringLiteral("Pause: writes a checkpoint and frees the device (P)")});
  if (canStop)
    buttons.push_back({JobCommand::Stop, QStringLiteral("stop"),
                       isTraining ? QStringLiteral("Stop: writes a checkpoint and ends (S)")
                                  : QStringLiteral("Stop: ends, and keeps what is measured so far (S)")});
  if (store::isActive(job.state))
    buttons.push_back(
        {JobCommand::Kill, QStringLiteral("kill"), QStringLiteral("Kill: ends now, without a checkpoint")});
  return buttons;
}

std::optional<JobCommand> QueueDelegate::buttonAt(const QRect& cell, const QPoint& position, const store::Job& job) {
  const std::vector<JobButton> buttons = jobButtons(job);
  for (std::size_t i = 0; i < buttons.size(); ++i)
    if (buttonArea(cell, i, buttons.size()).contains(position)) return buttons[i].command;
  return std::nullopt;
}

void QueueDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const Theme& theme = Theme::current();
  const auto* model = static_cast<const QueueModel*>(index.model());
  const auto column = static_cast<QueueColumn>(index.column());
  painter->save();
  if (model->isHeading(index.row())) {
    painter->fillRect(option.rect, theme.header);
    painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), theme.hairline);
    const QString text = index.data().toString();
    paintIcon(*painter, QRectF(option.rect.left() + 14, option.rect.center().y() - 6, 14, 14),
              QStringLiteral("chevron-down"), theme.text2);
    painter->setFont(sectionFont());
    painter->setPen(theme.text);
    const QString name = text.section(u' ', 0, 0);
    const int left = option.rect.left() + 36;
    painter->drawText(QRect(left, option.rect.top(), 200, option.rect.height()), Qt::AlignVCenter, name);
    const int width = painter->fontMetrics().horizontalAdvance(name);
    painter->setFont(bodyFont());
    painter->setPen(theme.text2);
    painter->drawText(QRect(left + width + 8, option.rect.top(), 60, option.rect.height()), Qt::AlignVCenter,
                      text.section(u' ', 1));
    painter->setFont(captionFont());
    painter->setPen(theme.text3);
    painter->drawText(option.rect.adjusted(0, 0, -16, 0), Qt::AlignVCenter | Qt::AlignRight,
                      model->index(index.row(), static_cast<int>(QueueColumn::Actions)).data().toString());
    painter->restore();
    return;
  }
  const store::Job* job = model->jobAt(index.row());
  const store::RunSummary* run = model->runAt(index.row());
  const bool isSelected = option.state & QStyle::State_Selected;
  painter->fillRect(option.rect, isSelected                    ? theme.selection
                                 : index.row() == m_hoveredRow ? theme.hover
                                                               : theme.panel);
  painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), theme.hairline);
  if (!job) return painter->restore();
  const QRect cell = option.rect.adjusted(8, 0, -8, -1);
  painter->setFont(bodyFont());
  painter->setPen(theme.text2);
  switch (column) {
    case QueueColumn::Handle:
      if (isSelected)
        painter->fillRect(QRect(option.rect.left(), option.rect.top(), 2, option.rect.height()), theme.accent);
      if (model->sectionOf(index.row()) == QueueSection::Running)
        painter->fillRect(QRect(option.rect.left() + 18, cell.center().y() - 7, 4, 16),
                          theme.series[static_cast<std::size_t>(job->run.value % 7)].fill);
      else if (model->sectionOf(index.row()) == QueueSection::Queued)
        paintIcon(*painter, QRectF(option.rect.left() + 12, cell.center().y() - 7, 16, 16), QStringLiteral("drag"),
                  theme.text3);
      else
        paintStateIcon(*painter, QRectF(option.rect.left() + 12, cell.top(), 16, cell.height()), job->state, theme);
      break;
    case QueueColumn::Job: {
      QFont strong = bodyFont();
      strong.setWeight(QFont::Medium);
      painter->setFont(strong);
      painter->setPen(theme.text);
      elide(*painter, cell, index.data().toString(), Qt::AlignLeft);
      break;
    }
    case QueueColumn::Map:
      if (run) paintMapGlyph(*painter, QRectF(cell.left(), cell.center().y() - 6, 62, 14), run->map, theme);
      break;
    case QueueColumn::Actions: {
      const std::vector<JobButton> buttons = jobButtons(*job);
      for (std::size_t i = 0; i < buttons.size(); ++i) {
        const QRect area = buttonArea(option.rect, i, buttons.size());
        const bool isRed = buttons[i].command == JobCommand::Kill;
        if (index.row() == m_hoveredRow && area.contains(m_hoveredAt)) {
          painter->setRenderHint(QPainter::Antialiasing);
          painter->setPen(Qt::NoPen);
          painter->setBrush(isRed ? theme.errorFill : theme.sunken);
          painter->drawRoundedRect(area, 4, 4);
        }
        paintIcon(*painter, QRectF(QRectF(area).center() - QPointF(8, 8), QSizeF(16, 16)), buttons[i].iconName,
                  isRed ? theme.error : theme.text2);
      }
      break;
    }
    default:
      if (column == QueueColumn::Starts) painter->setPen(theme.text);
      elide(*painter, cell, index.data().toString(),
            index.data(Qt::TextAlignmentRole).toInt() & Qt::AlignHorizontal_Mask);
  }
  painter->restore();
}

QueueTable::QueueTable(QueueModel* model, QWidget* parent)
    : HoverTable(parent), m_model(model), m_delegate(new QueueDelegate(this)) {
  setModel(model);
  setItemDelegate(m_delegate);
  setAccessibleName(QStringLiteral("Jobs"));
  setSelectionMode(QAbstractItemView::SingleSelection);
  setDragEnabled(true);
  setAcceptDrops(true);
  setDragDropMode(QAbstractItemView::InternalMove);
  setDropIndicatorShown(true);
  setDragDropOverwriteMode(false);
  QHeaderView* header = horizontalHeader();
  header->setHighlightSections(false);
  header->setSectionsClickable(false);
  header->setFont(captionFont());
  header->setAccessibleName(QStringLiteral("Columns of the job list"));
  applyWidths();
  header->setSectionResizeMode(static_cast<int>(QueueColumn::Job), QHeaderView::Stretch);
  for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
    connect(model, signal, this, &QueueTable::spanHeadings);
  connect(model, &QAbstractItemModel::rowsMoved, this, &QueueTable::spanHeadings);
  spanHeadings();
}

void QueueTable::applyWidths() {
  const double scale = std::max(1.0, static_cast<double>(QFontMetrics(bodyFont()).height()) / 16);
  verticalHeader()->setDefaultSectionSize(qMax(kRow, QFontMetrics(bodyFont()).height() + 16));
  horizontalHeader()->setFixedHeight(qMax(metrics::headerRow, QFontMetrics(captionFont()).height() + 12));
  for (int i = 0; i < kQueueColumns; ++i)
    setColumnWidth(i, static_cast<int>(preferredWidth(static_cast<QueueColumn>(i)) * scale));
}

void QueueTable::spanHeadings() {
  clearSpans();
  for (int row = 0; row < m_model->rowCount(); ++row)
    if (m_model->isHeading(row)) setSpan(row, 0, 1, kQueueColumns);
}

const store::Job* QueueTable::currentJob() const {
  const QModelIndexList rows = selectionModel()->selectedRows();
  return rows.isEmpty() ? nullptr : m_model->jobAt(rows.first().row());
}

const store::RunSummary* QueueTable::currentRun() const {
  const QModelIndexList rows = selectionModel()->selectedRows();
  return rows.isEmpty() ? nullptr : m_model->runAt(rows.first().row());
}

void QueueTable::selectRow(int row) {
  if (row < 0) return;
  const QModelIndex index = m_model->index(row, static_cast<int>(QueueColumn::Job));
  selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  scrollTo(index);
}

void QueueTable::paintEvent(QPaintEvent* event) {
  QTableView::paintEvent(event);
  if (m_model->rowCount() > 0) return;
  QPainter painter(viewport());
  painter.setFont(bodyFont());
  painter.setPen(Theme::current().text2);
  painter.drawText(viewport()->rect().adjusted(24, 0, -24, -viewport()->height() / 3),
                   Qt::AlignCenter | Qt::TextWordWrap,
                   QStringLiteral("Nothing runs and nothing waits. Draw a map in Design and queue it."));
}

std::optional<JobCommand> QueueTable::commandAt(const QPoint& position) const {
  const QModelIndex index = indexAt(position);
  const store::Job* job = m_model->jobAt(index.row());
  if (!job || index.column() != static_cast<int>(QueueColumn::Actions)) return std::nullopt;
  return QueueDelegate::buttonAt(visualRect(index), position, *job);
}

void QueueTable::hover(int row, QPoint at) {
  m_delegate->setHovered(row, at);
  viewport()->setCursor(row >= 0 && commandAt(at) ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void QueueTable::mouseReleaseEvent(QMouseEvent* event) {
  QTableView::mouseReleaseEvent(event);
  if (event->button() != Qt::LeftButton) return;
  if (const auto command = commandAt(event->pos()))
    if (const store::Job* job = m_model->jobAt(indexAt(event->pos()).row())) Q_EMIT commandClicked(*command, job->id);
}

bool QueueTable::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    if (const auto command = commandAt(help->pos())) {
      for (const JobButton& button : jobButtons(*m_model->jobAt(indexAt(help->pos()).row())))
        if (button.command == *command) QToolTip::showText(help->globalPos(), button.text, this);
      return true;
    }
  }
  return QTableView::viewportEvent(event);
}

}  // namespace weft::ui
