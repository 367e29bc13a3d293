#include "ui/models/run_table_model.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

using store::RunSummary;

const char* fieldNameOf(RunColumn column) {
  switch (column) {
    case RunColumn::Marks:
    case RunColumn::Heads:
      return "";
    case RunColumn::Status:
      return "state";
    case RunColumn::Name:
      return "name";
    case RunColumn::Map:
      return "map";
    case RunColumn::Parameters:
      return "parameters";
    case RunColumn::Perplexity:
      return "perplexity";
    case RunColumn::KvBytes:
      return "kv_bytes_per_token";
    case RunColumn::KvMeasured:
      return "kv_bytes_per_token_measured";
    case RunColumn::TokensPerSecond:
      return "tokens_per_second";
    case RunColumn::Progress:
      return "progress";
    case RunColumn::Loss:
      return "last_loss";
    case RunColumn::Tags:
      return "tags";
    case RunColumn::Updated:
      return "updated";
  }
  return "";
}

// Column by column; nullptr where a column shows several fields.
const std::vector<const store::RunField*>& columnFields() {
  static const auto all = [] {
    std::vector<const store::RunField*> fields;
    for (int i = 0; i < kDrawnRunColumns; ++i)
      fields.push_back(store::findRunField(fieldNameOf(static_cast<RunColumn>(i))));
    // The flags are the marks.
    const std::set<std::string_view> drawn{"starred", "baseline"};
    for (const store::RunField& field : store::runFields())
      if (!drawn.contains(field.name) && std::find(fields.begin(), fields.end(), &field) == fields.end())
        fields.push_back(&field);
    return fields;
  }();
  return all;
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

int describedRunColumns() { return static_cast<int>(columnFields().size()); }

const store::RunField* RunTableModel::fieldOf(RunColumn column) const {
  const auto place = static_cast<std::size_t>(column);
  const std::vector<const store::RunField*>& described = columnFields();
  if (place < described.size()) return described[place];
  return place - described.size() < m_values.size() ? &m_values[place - described.size()] : nullptr;
}

QString RunTableModel::keyOf(RunColumn column) const {
  if (const store::RunField* field = fieldOf(column)) return QString::fromStdString(field->name);
  return column == RunColumn::Marks ? QStringLiteral("marks") : QStringLiteral("heads");
}

std::optional<RunColumn> RunTableModel::columnOfKey(const QString& key) const {
  for (int i = 0; i < columnCount(); ++i)
    if (keyOf(static_cast<RunColumn>(i)) == key) return static_cast<RunColumn>(i);
  return std::nullopt;
}

// A value that no run had before gets a column behind all others.
void RunTableModel::addColumnsFor(const std::vector<RunRows::Row>& rows) {
  std::set<std::string_view> known, fresh;
  for (const store::RunField& field : m_values) known.insert(field.name);
  const store::RunValues* last = nullptr;
  for (const RunRows::Row& row : rows) {
    if (!row->values || row->values.get() == last) continue;
    last = row->values.get();
    for (const auto& [name, value] : *last)
      if (!known.contains(name)) fresh.insert(name);
  }
  std::vector<store::RunField> fields;
  for (const std::string_view name : fresh)
    if (std::optional<store::RunField> field = store::runFieldNamed(name)) fields.push_back(*std::move(field));
  if (fields.empty()) return;
  beginInsertColumns({}, columnCount(), columnCount() + static_cast<int>(fields.size()) - 1);
  m_values.insert(m_values.end(), fields.begin(), fields.end());
  endInsertColumns();
}

QString RunTableModel::title(RunColumn column) const {
  if (const store::RunField* field = fieldOf(column)) return QString::fromStdString(field->title);
  return column == RunColumn::Heads ? QStringLiteral("Heads Q / KV × width") : QString();
}

QString RunTableModel::explanation(RunColumn column) const {
  if (column == RunColumn::Heads)
    return QStringLiteral("Query heads / KV heads of a producing layer × width of one head");
  if (column == RunColumn::Loss) return QStringLiteral("Training loss over the steps so far, to scale within the row");
  if (column == RunColumn::Map)
    return QStringLiteral("One column a layer: tall = producer, short = consumer in its producer's colour");
  const store::RunField* field = fieldOf(column);
  return field ? QString::fromStdString(field->explanation) : QString();
}

bool RunTableModel::isNumeric(RunColumn column) const {
  if (column == RunColumn::Heads) return true;
  if (column == RunColumn::Progress || column == RunColumn::Loss) return false;  // a bar, a curve
  const store::RunField* field = fieldOf(column);
  return field && field->isNumber();
}

QString RunTableModel::cellText(const RunSummary& run, RunColumn column) const {
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
  const store::RunField* field = fieldOf(column);
  return field ? fieldText(*field, run) : QString();
}

RunTableModel::RunTableModel(QObject* parent)
    : QAbstractTableModel(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {}

void RunTableModel::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot) {
  const std::shared_ptr<const RunsSnapshot> before = std::exchange(m_snapshot, std::move(snapshot));
  const std::vector<RunRows::Row>& fresh = m_snapshot->runs.rows();
  // Both lists are ordered by falling id, so one walk over both finds every difference. Neighbours come and go
  // together: each insertion costs proxy and view a walk over their rows, and ten thousand of them would be a second.
  auto next = fresh.begin();
  int row = 0;
  while (next != fresh.end() || row < rowCount()) {
    // The row of a run that nothing has happened to is the same object as before.
    if (next != fresh.end() && row < rowCount() && m_rows[static_cast<std::size_t>(row)] == *next) {
      ++row;
      ++next;
      continue;
    }
    int kept = row;
    while (kept < rowCount() && (next == fresh.end() || runAt(kept).id > (*next)->id)) ++kept;
    if (kept > row) {
      beginRemoveRows({}, row, kept - 1);
      m_rows.erase(m_rows.begin() + row, m_rows.begin() + kept);
      endRemoveRows();
      continue;
    }
    auto known = next;
    while (known != fresh.end() && (row == rowCount() || (*known)->id > runAt(row).id)) ++known;
    if (const auto count = static_cast<int>(known - next); count > 0) {
      beginInsertRows({}, row, row + count - 1);
      m_rows.insert(m_rows.begin() + row, next, known);
      endInsertRows();
      row += count;
      next = known;
      continue;
    }
    RunRows::Row& held = m_rows[static_cast<std::size_t>(row)];
    const bool changed = !store::isSame(*held, **next);
    held = *next;
    if (changed) Q_EMIT dataChanged(index(row, 0), index(row, columnCount() - 1));
    ++row;
    ++next;
  }
  tellNewLabels(*before);
  // Columns come behind the rows: before its first row Qt's proxy loses the order of one that columns are added to.
  addColumnsFor(changesBetween(before->runs, m_snapshot->runs).come);
}

// A run that joins may change what others of its name are called.
void RunTableModel::tellNewLabels(const RunsSnapshot& before) {
  const auto of = [](const RunsSnapshot& snapshot, std::size_t place) {
    return place < snapshot.distinctions.size() ? std::string_view(snapshot.distinctions[place]) : std::string_view();
  };
  if (before.runs.size() == m_snapshot->runs.size() && before.distinctions == m_snapshot->distinctions) return;
  const int column = static_cast<int>(RunColumn::Name);
  std::size_t old = 0;
  for (std::size_t i = 0; i < m_rows.size(); ++i) {
    while (old < before.runs.size() && before.runs[old].id > m_rows[i]->id) ++old;
    if (old == before.runs.size()) break;
    if (before.runs[old].id != m_rows[i]->id || of(before, old) == of(*m_snapshot, i)) continue;
    const QModelIndex cell = index(static_cast<int>(i), column);
    Q_EMIT dataChanged(cell, cell);
  }
}

int RunTableModel::rowOf(store::RunId id) const {
  const auto found = std::lower_bound(m_rows.begin(), m_rows.end(), id,
                                      [](const RunRows::Row& run, store::RunId wanted) { return run->id > wanted; });
  return found != m_rows.end() && (*found)->id == id ? static_cast<int>(found - m_rows.begin()) : -1;
}

void RunTableModel::refreshAges() {
  const int column = static_cast<int>(RunColumn::Updated);
  if (rowCount() > 0) Q_EMIT dataChanged(index(0, column), index(rowCount() - 1, column), {Qt::DisplayRole});
}

int RunTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : describedRunColumns() + static_cast<int>(m_values.size());
}

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
  if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
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
