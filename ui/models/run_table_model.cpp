#include "ui/models/run_table_model.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

using store::RunSummary;

// Everything that a row shows or that a filter can ask for.
auto shown(const RunSummary& r) {
  return std::tuple_cat(
      std::tie(r.name, r.state, r.failure, r.kind, r.map, r.generator, r.layers, r.queryHeads, r.kvHeads, r.headWidth,
               r.hidden, r.parameters),
      std::tie(r.kvBytesPerToken, r.kvBytesPerTokenMeasured, r.cache, r.seed, r.step, r.steps, r.tokens, r.lastLoss,
               r.bestLoss, r.perplexity),
      std::tie(r.bestPerplexity, r.unigramPerplexity, r.tokensPerSecond, r.device, r.phase, r.progress, r.sparkline,
               r.tags, r.note, r.starred),
      std::tie(r.archived, r.baseline, r.priority, r.position, r.attempt, r.created, r.started, r.ended, r.updated));
}

QString title(RunColumn column) {
  switch (column) {
    case RunColumn::Marks:
      return {};
    case RunColumn::Status:
      return QStringLiteral("Status");
    case RunColumn::Name:
      return QStringLiteral("Name");
    case RunColumn::Map:
      return QStringLiteral("Map");
    case RunColumn::Heads:
      return QStringLiteral("Heads Q / KV × width");
    case RunColumn::Parameters:
      return QStringLiteral("Parameters");
    case RunColumn::Perplexity:
      return QStringLiteral("Val. perplexity");
    case RunColumn::KvBytes:
      return QStringLiteral("KV B/token");
    case RunColumn::KvMeasured:
      return QStringLiteral("Measured");
    case RunColumn::TokensPerSecond:
      return QStringLiteral("Tokens/s");
    case RunColumn::Progress:
      return QStringLiteral("Progress");
    case RunColumn::Loss:
      return QStringLiteral("Loss");
    case RunColumn::Tags:
      return QStringLiteral("Tags");
    case RunColumn::Updated:
      return QStringLiteral("Updated");
  }
  return {};
}

QString explanation(RunColumn column) {
  switch (column) {
    case RunColumn::Heads:
      return QStringLiteral("Query heads / KV heads of a producing layer × width of one head");
    case RunColumn::Perplexity:
      return QStringLiteral("Held-out perplexity of the last evaluation: exp of the mean loss in nats per token");
    case RunColumn::KvBytes:
      return QStringLiteral(
          "By formula: sum over the producing layers of 2 · KV heads · head width · bytes per element");
    case RunColumn::KvMeasured:
      return QStringLiteral("Measured: bytes of the unique storages that hold the cache ÷ (batch · context)");
    case RunColumn::TokensPerSecond:
      return QStringLiteral("Training throughput over the last logged steps");
    case RunColumn::Loss:
      return QStringLiteral("Training loss over the steps so far, to scale within the row");
    case RunColumn::Map:
      return QStringLiteral("One column a layer: tall = producer, short = consumer in its producer's colour");
    default:
      return {};
  }
}

bool isNumeric(RunColumn column) {
  return column == RunColumn::Heads || column == RunColumn::Parameters || column == RunColumn::Perplexity ||
         column == RunColumn::KvBytes || column == RunColumn::KvMeasured || column == RunColumn::TokensPerSecond ||
         column == RunColumn::Updated;
}

QString cellText(const RunSummary& run, RunColumn column) {
  switch (column) {
    case RunColumn::Marks:
      return run.baseline ? QStringLiteral("baseline") : run.starred ? QStringLiteral("starred") : QString();
    case RunColumn::Status:
      return stateLabel(run.state);
    case RunColumn::Name:
      return QString::fromStdString(run.name);
    case RunColumn::Map:
      return QString::fromStdString(run.generator.empty() ? run.map : run.generator);
    case RunColumn::Heads:
      return headsText(run);
    case RunColumn::Parameters:
      return countText(static_cast<double>(run.parameters));
    case RunColumn::Perplexity:
      return perplexityText(run.perplexity);
    case RunColumn::KvBytes:
      return bytesPerTokenText(run.kvBytesPerToken);
    case RunColumn::KvMeasured:
      return bytesPerTokenText(run.kvBytesPerTokenMeasured);
    case RunColumn::TokensPerSecond:
      return rateText(run.tokensPerSecond);
    case RunColumn::Progress:
      return progressText(run);
    case RunColumn::Loss:
      return run.lastLoss ? QString::number(*run.lastLoss, 'f', 3) : QString();
    case RunColumn::Tags:
      return QString::fromStdString(join(run.tags, ", "));
    case RunColumn::Updated:
      return ageText(run.updated > 0 ? run.updated : run.created, now_s());
  }
  return {};
}

QString toolTip(const RunSummary& run, RunColumn column) {
  const QString map = QString::fromStdString(run.map);
  if (column == RunColumn::Map) return map;
  if (column == RunColumn::Status || column == RunColumn::Progress)
    return QString::fromStdString(run.failure.empty() ? run.phase : run.failure);
  if (column == RunColumn::Name)
    return QString::fromStdString(run.note.empty() ? run.name : run.name + ": " + run.note);
  if (column == RunColumn::KvBytes) return kvBytesText(run);
  if (column == RunColumn::Perplexity && run.unigramPerplexity)
    return QStringLiteral("unigram model: %1").arg(perplexityText(run.unigramPerplexity));
  return {};
}

}  // namespace

RunTableModel::RunTableModel(QObject* parent)
    : QAbstractTableModel(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {}

void RunTableModel::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot) {
  const std::shared_ptr<const RunsSnapshot> before = std::exchange(m_snapshot, std::move(snapshot));
  const std::vector<RunSummary>& fresh = m_snapshot->runs;
  // Both lists are ordered by falling id, so one walk over both finds every difference. Neighbours come and go
  // together: each insertion costs proxy and view a walk over their rows, and ten thousand of them would be a second.
  auto next = fresh.begin();
  int row = 0;
  while (next != fresh.end() || row < rowCount()) {
    int kept = row;
    while (kept < rowCount() && (next == fresh.end() || runAt(kept).id > next->id)) ++kept;
    if (kept > row) {
      beginRemoveRows({}, row, kept - 1);
      m_runs.erase(m_runs.begin() + row, m_runs.begin() + kept);
      endRemoveRows();
      continue;
    }
    auto known = next;
    while (known != fresh.end() && (row == rowCount() || known->id > runAt(row).id)) ++known;
    if (const auto count = static_cast<int>(known - next); count > 0) {
      beginInsertRows({}, row, row + count - 1);
      m_runs.insert(m_runs.begin() + row, next, known);
      endInsertRows();
      row += count;
      next = known;
      continue;
    }
    RunSummary& held = m_runs[static_cast<std::size_t>(row)];
    const bool changed = shown(held) != shown(*next);
    held = *next;
    if (changed) Q_EMIT dataChanged(index(row, 0), index(row, kRunColumns - 1));
    ++row;
    ++next;
  }
  tellNewLabels(*before);
}

// A run that joins may change what others of its name are called.
void RunTableModel::tellNewLabels(const RunsSnapshot& before) {
  const auto of = [](const RunsSnapshot& snapshot, std::size_t place) {
    return place < snapshot.distinctions.size() ? std::string_view(snapshot.distinctions[place]) : std::string_view();
  };
  const int column = static_cast<int>(RunColumn::Name);
  std::size_t old = 0;
  for (std::size_t i = 0; i < m_runs.size(); ++i) {
    while (old < before.runs.size() && before.runs[old].id > m_runs[i].id) ++old;
    if (old == before.runs.size()) break;
    if (before.runs[old].id != m_runs[i].id || of(before, old) == of(*m_snapshot, i)) continue;
    const QModelIndex cell = index(static_cast<int>(i), column);
    Q_EMIT dataChanged(cell, cell);
  }
}

int RunTableModel::rowOf(store::RunId id) const {
  const auto found = std::lower_bound(m_runs.begin(), m_runs.end(), id,
                                      [](const RunSummary& run, store::RunId wanted) { return run.id > wanted; });
  return found != m_runs.end() && found->id == id ? static_cast<int>(found - m_runs.begin()) : -1;
}

void RunTableModel::refreshAges() {
  const int column = static_cast<int>(RunColumn::Updated);
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, column), index(rowCount() - 1, column), {Qt::DisplayRole});
}

int RunTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_runs.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : kRunColumns; }

QVariant RunTableModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const RunSummary& run = runAt(index.row());
  const auto column = static_cast<RunColumn>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return column == RunColumn::Name ? m_snapshot->label(run) : cellText(run, column);
    case Qt::ToolTipRole:
      if (const QString tip = toolTip(run, column); !tip.isEmpty()) return tip;
      return {};
    case Qt::AccessibleTextRole:
      return QStringLiteral("%1: %2").arg(title(column), index.data().toString());
    case Qt::TextAlignmentRole:
      return static_cast<int>(isNumeric(column) ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    case RunRole:
      return QVariant::fromValue(const_cast<void*>(static_cast<const void*>(&run)));
    case DistinctionRole:
      return m_snapshot->distinction(run.id);
    case RunIdRole:
      return QVariant::fromValue(static_cast<qlonglong>(run.id.value));
    default:
      return {};
  }
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= kRunColumns) return {};
  const auto column = static_cast<RunColumn>(section);
  if (role == Qt::DisplayRole) return title(column);
  if (role == Qt::ToolTipRole) return explanation(column);
  if (role == Qt::AccessibleTextRole) return column == RunColumn::Marks ? QStringLiteral("Marks") : title(column);
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>(isNumeric(column) ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
  return {};
}

const store::RunSummary* runOf(const QModelIndex& index) {
  return static_cast<const RunSummary*>(index.data(RunTableModel::RunRole).value<void*>());
}

}  // namespace weft::ui
