#include "ui/models/queue_model.h"

#include <QMimeData>
#include <algorithm>
#include <unordered_set>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

const QString kMimeType = QStringLiteral("application/x-weft-job");

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

// Where it runs, else what it asks for.
QString needs(const store::Job& job, const store::RunSummary* run) {
  if (job.lanes.size() > 1) return QString::fromStdString(join(job.lanes, ", "));
  if (run && job.isTraining() && !run->device.empty()) return QString::fromStdString(run->device);
  const QString device = QString::fromStdString(job.resources.device);
  const QString kind = device == QStringLiteral("auto") ? QStringLiteral("any device") : device;
  return job.resources.devices > 1 ? QStringLiteral("%1 × %2").arg(job.resources.devices).arg(kind) : kind;
}

Qt::Alignment alignment(QueueColumn column) {
  const bool isNumber =
      column == QueueColumn::Starts || column == QueueColumn::Takes || column == QueueColumn::Position;
  return (isNumber ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter;
}

}  // namespace

QueueModel::QueueModel(QObject* parent) : QAbstractTableModel(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {}

void QueueModel::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot, std::vector<QueueTimes> times) {
  std::vector<store::JobId> running, waiting, held;
  m_jobs.clear();
  for (std::size_t place = 0; place < snapshot->jobs.size(); ++place) {
    const store::Job& job = snapshot->jobs[place];
    m_jobs.emplace(job.id, place);
    (store::isActive(job.state) ? running : job.state == store::JobState::Queued ? waiting : held).push_back(job.id);
  }
  std::sort(running.begin(), running.end());
  std::sort(held.begin(), held.end());
  std::vector<Row> wanted;
  const auto add = [&](QueueSection section, const std::vector<store::JobId>& jobs) {
    // Set before any row moves: a heading may not change its text in the middle of an insertion.
    m_sizes[static_cast<std::size_t>(section)] = static_cast<int>(jobs.size());
    if (jobs.empty()) return;
    wanted.push_back({section, {}});
    for (const store::JobId job : jobs) wanted.push_back({section, job});
  };
  add(QueueSection::Running, running);
  add(QueueSection::Queued, waiting);
  add(QueueSection::Held, held);

  m_snapshot = std::move(snapshot);
  m_waiting = std::move(waiting);
  m_positions.clear();
  for (std::size_t i = 0; i < m_waiting.size(); ++i) m_positions.emplace(m_waiting[i], i);
  m_times.clear();
  for (QueueTimes& one : times) m_times.emplace(one.job, std::move(one));
  changeRowsTo(wanted);
  if (!m_rows.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kQueueColumns - 1));
}

// One walk for what goes and one for what comes, neighbours together; only a row that moves is looked for.
void QueueModel::changeRowsTo(const std::vector<Row>& wanted) {
  const auto keyOf = [](const Row& row) { return row.job.value * 3 + static_cast<std::int64_t>(row.section); };
  std::unordered_set<std::int64_t> stays;
  for (const Row& row : wanted) stays.insert(keyOf(row));
  for (int end = rowCount(); end > 0;) {
    int begin = end;
    while (begin > 0 && !stays.contains(keyOf(m_rows[static_cast<std::size_t>(begin - 1)]))) --begin;
    if (begin < end) {
      beginRemoveRows({}, begin, end - 1);
      m_rows.erase(m_rows.begin() + begin, m_rows.begin() + end);
      endRemoveRows();
    }
    end = begin - 1;
  }
  std::unordered_set<std::int64_t> isHere;
  for (const Row& row : m_rows) isHere.insert(keyOf(row));
  for (std::size_t at = 0; at < wanted.size();) {
    std::size_t end = at;
    while (end < wanted.size() && !isHere.contains(keyOf(wanted[end]))) ++end;
    if (end > at) {
      beginInsertRows({}, static_cast<int>(at), static_cast<int>(end) - 1);
      m_rows.insert(m_rows.begin() + static_cast<std::ptrdiff_t>(at), wanted.begin() + static_cast<std::ptrdiff_t>(at),
                    wanted.begin() + static_cast<std::ptrdiff_t>(end));
      endInsertRows();
      at = end;
      continue;
    }
    const auto row = m_rows.begin() + static_cast<std::ptrdiff_t>(at);
    if (*row != wanted[at]) {
      const auto from = std::find(row, m_rows.end(), wanted[at]);
      beginMoveRows({}, static_cast<int>(from - m_rows.begin()), static_cast<int>(from - m_rows.begin()), {},
                    static_cast<int>(at));
      std::rotate(row, from, from + 1);
      endMoveRows();
    }
    ++at;
  }
}

const store::Job* QueueModel::jobAt(int row) const {
  if (row < 0 || row >= rowCount()) return nullptr;
  const auto found = m_jobs.find(m_rows[static_cast<std::size_t>(row)].job);
  return found == m_jobs.end() ? nullptr : &m_snapshot->jobs[found->second];
}

const store::RunSummary* QueueModel::runAt(int row) const {
  const store::Job* job = jobAt(row);
  return job ? m_snapshot->find(job->run) : nullptr;
}

QString QueueModel::nameOf(const store::Job& job) const {
  const QString run = m_snapshot->label(job.run);
  if (job.isTraining()) return run;
  QString kind = QString::fromStdString(job.kind);
  kind.replace(0, 1, kind.left(1).toUpper());
  return run.isEmpty() ? kind : QStringLiteral("%1 %2").arg(kind, run);
}

bool QueueModel::isHeading(int row) const {
  return row >= 0 && row < rowCount() && m_rows[static_cast<std::size_t>(row)].job.value == 0;
}

QueueSection QueueModel::sectionOf(int row) const { return m_rows[static_cast<std::size_t>(row)].section; }

int QueueModel::rowOf(store::JobId job) const {
  const auto found =
      std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& row) { return job.value != 0 && row.job == job; });
  return found == m_rows.end() ? -1 : static_cast<int>(found - m_rows.begin());
}

int QueueModel::rowOf(store::RunId run) const {
  const auto job = std::find_if(m_snapshot->jobs.begin(), m_snapshot->jobs.end(),
                                [&](const store::Job& one) { return one.isTraining() && one.run == run; });
  return job == m_snapshot->jobs.end() ? -1 : rowOf(job->id);
}

int QueueModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int QueueModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : kQueueColumns; }

QVariant QueueModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Row& row = m_rows[static_cast<std::size_t>(index.row())];
  const auto column = static_cast<QueueColumn>(index.column());
  const store::Job* job = jobAt(index.row());
  const store::RunSummary* run = runAt(index.row());
  if (role == RunRole) return QVariant::fromValue(const_cast<void*>(static_cast<const void*>(run)));
  if (role == HeadingRole) return row.job.value == 0;
  if (role == Qt::TextAlignmentRole) return alignment(column).toInt();
  if (role != Qt::DisplayRole && role != Qt::AccessibleTextRole) return {};
  if (row.job.value == 0) {
    if (column == QueueColumn::Handle)
      return QStringLiteral("%1 %2").arg(title(row.section)).arg(m_sizes[static_cast<std::size_t>(row.section)]);
    if (column == QueueColumn::Actions) return hint(row.section);
    return {};
  }
  if (!job) return {};
  const auto times = m_times.find(row.job);
  switch (column) {
    case QueueColumn::Position: {
      const auto at = m_positions.find(row.job);
      return at == m_positions.end() ? QString() : QString::number(at->second + 1);
    }
    case QueueColumn::Job:
      return nameOf(*job);
    case QueueColumn::Map:
      return run ? QString::fromStdString(run->generator.empty() ? run->map : run->generator) : QString();
    case QueueColumn::Needs:
      return needs(*job, run);
    case QueueColumn::State:
      if (row.section != QueueSection::Running) return stateLabel(job->state);
      return run && job->isTraining() ? progressText(*run)
             : job->progress > 0      ? QStringLiteral("%1 %").arg(static_cast<int>(job->progress * 100))
                                      : QString::fromStdString(job->phase);
    case QueueColumn::Starts:
      return times == m_times.end() ? QString() : times->second.starts;
    case QueueColumn::Takes:
      return times == m_times.end() ? QString() : times->second.takes;
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
    if (const store::Job* job = jobAt(indexes.first().row()))
      data->setData(kMimeType, QByteArray::number(static_cast<qlonglong>(job->id.value)));
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
  const store::JobId job{data->data(kMimeType).toLongLong()};
  const int at = parent.isValid() ? parent.row() : row;
  const store::Job* before = at < rowCount() && sectionOf(at) == QueueSection::Queued ? jobAt(at) : nullptr;
  if (before && before->id == job) return false;
  Q_EMIT moveRequested(job, before ? before->id : store::JobId{});
  // False: the view must not remove the dragged row, the snapshot will move it.
  return false;
}

}  // namespace weft::ui
