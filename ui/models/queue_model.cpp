#include "ui/models/queue_model.h"

#include <QMimeData>
#include <algorithm>

#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

const QString kMimeType = QStringLiteral("application/x-weft-run");

QString title(QueueSection section) {
  return section == QueueSection::Running  ? QStringLiteral("Running")
         : section == QueueSection::Queued ? QStringLiteral("Queued")
                                           : QStringLiteral("Held");
}

QString hint(QueueSection section) {
  return section == QueueSection::Queued ? QStringLiteral("drag a row, or Alt+Up and Alt+Down")
         : section == QueueSection::Held ? QStringLiteral("kept, never started until released")
                                         : QString();
}

Qt::Alignment alignment(QueueColumn column) {
  const bool isNumber =
      column == QueueColumn::Starts || column == QueueColumn::Takes || column == QueueColumn::Position;
  return (isNumber ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter;
}

}  // namespace

QueueModel::QueueModel(QObject* parent) : QAbstractTableModel(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {}

void QueueModel::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot, const std::vector<store::RunId>& waiting,
                             std::vector<QueueTimes> times) {
  std::vector<Row> wanted;
  const auto add = [&](QueueSection section, const std::vector<store::RunId>& runs) {
    // Set before any row moves: a heading may not change its text in the middle of an insertion.
    m_sizes[static_cast<std::size_t>(section)] = static_cast<int>(runs.size());
    if (runs.empty()) return;
    wanted.push_back({section, {}});
    for (const store::RunId run : runs) wanted.push_back({section, run});
  };
  std::vector<store::RunId> running, held;
  for (const store::RunSummary& run : snapshot->runs) {
    if (store::isActive(run.state)) running.push_back(run.id);
    if (run.state == store::RunState::Held || run.state == store::RunState::Paused) held.push_back(run.id);
  }
  std::sort(running.begin(), running.end());
  std::sort(held.begin(), held.end());
  add(QueueSection::Running, running);
  add(QueueSection::Queued, waiting);
  add(QueueSection::Held, held);

  m_snapshot = std::move(snapshot);
  m_waiting = waiting;
  m_times = std::move(times);
  for (int row = rowCount() - 1; row >= 0; --row) {
    if (std::find(wanted.begin(), wanted.end(), m_rows[static_cast<std::size_t>(row)]) != wanted.end()) continue;
    beginRemoveRows({}, row, row);
    m_rows.erase(m_rows.begin() + row);
    endRemoveRows();
  }
  for (int row = 0; row < static_cast<int>(wanted.size()); ++row) {
    const Row& next = wanted[static_cast<std::size_t>(row)];
    const auto held_ = std::find(m_rows.begin() + row, m_rows.end(), next);
    if (held_ == m_rows.end()) {
      beginInsertRows({}, row, row);
      m_rows.insert(m_rows.begin() + row, next);
      endInsertRows();
    } else if (const int from = static_cast<int>(held_ - m_rows.begin()); from != row) {
      beginMoveRows({}, from, from, {}, row);
      std::rotate(m_rows.begin() + row, m_rows.begin() + from, m_rows.begin() + from + 1);
      endMoveRows();
    }
  }
  if (!m_rows.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kQueueColumns - 1));
}

const store::RunSummary* QueueModel::runAt(int row) const {
  if (row < 0 || row >= rowCount()) return nullptr;
  return m_snapshot->find(m_rows[static_cast<std::size_t>(row)].run);
}

bool QueueModel::isHeading(int row) const {
  return row >= 0 && row < rowCount() && m_rows[static_cast<std::size_t>(row)].run.value == 0;
}

QueueSection QueueModel::sectionOf(int row) const { return m_rows[static_cast<std::size_t>(row)].section; }

int QueueModel::rowOf(store::RunId run) const {
  const auto found =
      std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& row) { return run.value != 0 && row.run == run; });
  return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

int QueueModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int QueueModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : kQueueColumns; }

QVariant QueueModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Row& row = m_rows[static_cast<std::size_t>(index.row())];
  const auto column = static_cast<QueueColumn>(index.column());
  const store::RunSummary* run = runAt(index.row());
  if (role == RunRole) return QVariant::fromValue(const_cast<void*>(static_cast<const void*>(run)));
  if (role == HeadingRole) return row.run.value == 0;
  if (role == Qt::TextAlignmentRole) return alignment(column).toInt();
  if (role != Qt::DisplayRole && role != Qt::AccessibleTextRole) return {};
  if (row.run.value == 0) {
    if (column == QueueColumn::Handle)
      return QStringLiteral("%1 %2").arg(title(row.section)).arg(m_sizes[static_cast<std::size_t>(row.section)]);
    if (column == QueueColumn::Actions) return hint(row.section);
    return {};
  }
  if (!run) return {};
  const auto times =
      std::find_if(m_times.begin(), m_times.end(), [&](const QueueTimes& t) { return t.run == row.run; });
  switch (column) {
    case QueueColumn::Position: {
      const auto at = std::find(m_waiting.begin(), m_waiting.end(), row.run);
      return at == m_waiting.end() ? QString() : QString::number(at - m_waiting.begin() + 1);
    }
    case QueueColumn::Job:
      return m_snapshot->label(*run);
    case QueueColumn::Map:
      return QString::fromStdString(run->generator.empty() ? run->map : run->generator);
    case QueueColumn::Needs:
      return run->device.empty() ? QStringLiteral("any device") : QString::fromStdString(run->device);
    case QueueColumn::State:
      return row.section == QueueSection::Running ? progressText(*run) : stateLabel(run->state);
    case QueueColumn::Starts:
      return times == m_times.end() ? QString() : times->starts;
    case QueueColumn::Takes:
      return times == m_times.end() ? QString() : times->takes;
    default:
      return {};
  }
}

QVariant QueueModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= kQueueColumns) return {};
  if (role == Qt::TextAlignmentRole) return alignment(static_cast<QueueColumn>(section)).toInt();
  if (role != Qt::DisplayRole) return {};
  switch (static_cast<QueueColumn>(section)) {
    case QueueColumn::Job:
      return QStringLiteral("Job");
    case QueueColumn::Map:
      return QStringLiteral("Map");
    case QueueColumn::Needs:
      return QStringLiteral("Device");
    case QueueColumn::State:
      return QStringLiteral("State");
    case QueueColumn::Starts:
      return QStringLiteral("Starts");
    case QueueColumn::Takes:
      return QStringLiteral("Takes");
    default:
      return {};
  }
}

Qt::ItemFlags QueueModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::ItemIsDropEnabled;
  if (isHeading(index.row())) return Qt::ItemIsEnabled;
  Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
  if (sectionOf(index.row()) == QueueSection::Queued) flags |= Qt::ItemIsDragEnabled;
  return flags;
}

QStringList QueueModel::mimeTypes() const { return {kMimeType}; }

QMimeData* QueueModel::mimeData(const QModelIndexList& indexes) const {
  auto* data = new QMimeData;
  if (!indexes.isEmpty())
    if (const store::RunSummary* run = runAt(indexes.first().row()))
      data->setData(kMimeType, QByteArray::number(static_cast<qlonglong>(run->id.value)));
  return data;
}

bool QueueModel::canDropMimeData(const QMimeData* data, Qt::DropAction, int row, int, const QModelIndex& parent) const {
  if (!data->hasFormat(kMimeType)) return false;
  // Between two queued rows, or below the last one.
  const int at = parent.isValid() ? parent.row() : row;
  const auto isQueued = [this](int r) { return r >= 0 && r < rowCount() && sectionOf(r) == QueueSection::Queued; };
  return (isQueued(at) && !isHeading(at)) || isQueued(at - 1);
}

bool QueueModel::dropMimeData(const QMimeData* data, Qt::DropAction action, int row, int column,
                              const QModelIndex& parent) {
  if (!canDropMimeData(data, action, row, column, parent)) return false;
  const store::RunId run{data->data(kMimeType).toLongLong()};
  const int at = parent.isValid() ? parent.row() : row;
  const store::RunSummary* before = at < rowCount() && sectionOf(at) == QueueSection::Queued ? runAt(at) : nullptr;
  if (before && before->id == run) return false;
  Q_EMIT moveRequested(run, before ? before->id : store::RunId{});
  // False: the view must not remove the dragged row, the snapshot will move it.
  return false;
}

}  // namespace weft::ui
