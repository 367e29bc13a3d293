#include "ui/compare/compare_model.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "ui/models/qt_text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

using store::RunSummary;

// Everything that a row shows.
auto shown(const RunSummary& run) {
  return std::tie(run.name, run.state, run.map, run.generator, run.queryHeads, run.kvHeads, run.headWidth,
                  run.parameters, run.kvBytesPerToken, run.kvBytesPerTokenMeasured, run.cache, run.perplexity,
                  run.tokensPerSecond, run.seed);
}

std::optional<double> number(const RunSummary& run, CompareColumn column) {
  switch (column) {
    case CompareColumn::Perplexity:
    case CompareColumn::PerplexityDelta:
      return run.perplexity && std::isfinite(*run.perplexity) ? run.perplexity : std::nullopt;
    case CompareColumn::KvBytes:
    case CompareColumn::KvBytesDelta:
      return valueOf(run, ParetoX::KvBytes);
    case CompareColumn::KvMeasured:
    case CompareColumn::KvMeasuredDelta:
      return valueOf(run, ParetoX::KvMeasured);
    case CompareColumn::Parameters:
    case CompareColumn::ParametersDelta:
      return valueOf(run, ParetoX::Parameters);
    case CompareColumn::Speed:
    case CompareColumn::SpeedDelta:
      return run.tokensPerSecond && std::isfinite(*run.tokensPerSecond) && *run.tokensPerSecond > 0
                 ? run.tokensPerSecond
                 : std::nullopt;
    default:
      return std::nullopt;
  }
}

QString title(CompareColumn column) {
  switch (column) {
    case CompareColumn::Mark:
      return {};
    case CompareColumn::Run:
      return QStringLiteral("Run");
    case CompareColumn::Map:
      return QStringLiteral("Map");
    case CompareColumn::Heads:
      return QStringLiteral("Heads Q / KV × width");
    case CompareColumn::Perplexity:
      return QStringLiteral("Val. perplexity");
    case CompareColumn::PerplexityDelta:
      return QStringLiteral("Δ baseline");
    case CompareColumn::KvBytes:
      return QStringLiteral("KV B/token");
    case CompareColumn::KvMeasured:
      return QStringLiteral("measured");
    case CompareColumn::Parameters:
      return QStringLiteral("Parameters");
    case CompareColumn::Speed:
      return QStringLiteral("Tokens/s");
    case CompareColumn::KvBytesDelta:
    case CompareColumn::KvMeasuredDelta:
    case CompareColumn::ParametersDelta:
    case CompareColumn::SpeedDelta:
      return QStringLiteral("Δ");
    case CompareColumn::Frontier:
      return QStringLiteral("Frontier");
  }
  return {};
}

QString explanation(CompareColumn column) {
  switch (column) {
    case CompareColumn::PerplexityDelta:
      return QStringLiteral(
          "This run's perplexity − the baseline run's: two runs, which is no result. What their configurations say "
          "over their seeds stands in the "
          "cell's tooltip and beside the plot.");
    case CompareColumn::KvBytesDelta:
      return QStringLiteral("KV bytes per token ÷ the baseline's − 1");
    case CompareColumn::KvMeasured:
      return QStringLiteral("Bytes of the unique storages that hold the cache ÷ (batch · context)");
    case CompareColumn::KvMeasuredDelta:
      return QStringLiteral("Measured KV bytes per token ÷ the baseline's − 1");
    case CompareColumn::ParametersDelta:
      return QStringLiteral("Parameters ÷ the baseline's − 1");
    case CompareColumn::SpeedDelta:
      return QStringLiteral("Training throughput ÷ the baseline's − 1");
    case CompareColumn::KvBytes:
      return QStringLiteral(
          "By formula: sum over the producing layers of 2 · KV heads · head width · bytes per element");
    case CompareColumn::Frontier:
      return QStringLiteral(
          "yes: no other run of the plot has both fewer KV bytes and a lower perplexity. Points are runs, not means "
          "over seeds.");
    case CompareColumn::Map:
      return QStringLiteral("One column a layer: tall = producer, short = consumer in its producer's colour");
    default:
      return {};
  }
}

bool isNumeric(CompareColumn column) { return column >= CompareColumn::Heads && column <= CompareColumn::SpeedDelta; }

// The title that means something without its neighbour.
QString fullTitle(CompareColumn column) {
  switch (column) {
    case CompareColumn::Mark:
      return QStringLiteral("Mark");
    case CompareColumn::KvMeasured:
      return QStringLiteral("KV B/token measured");
    case CompareColumn::PerplexityDelta:
      return QStringLiteral("Perplexity against the baseline");
    case CompareColumn::KvBytesDelta:
      return QStringLiteral("KV B/token against the baseline");
    case CompareColumn::KvMeasuredDelta:
      return QStringLiteral("Measured KV against the baseline");
    case CompareColumn::ParametersDelta:
      return QStringLiteral("Parameters against the baseline");
    case CompareColumn::SpeedDelta:
      return QStringLiteral("Tokens/s against the baseline");
    default:
      return title(column);
  }
}

}  // namespace

bool isDelta(CompareColumn column) {
  return column == CompareColumn::PerplexityDelta || column == CompareColumn::KvBytesDelta ||
         column == CompareColumn::KvMeasuredDelta || column == CompareColumn::ParametersDelta ||
         column == CompareColumn::SpeedDelta;
}

std::optional<double> deltaOf(const RunSummary& run, const RunSummary& baseline, CompareColumn column) {
  const auto own = number(run, column), other = number(baseline, column);
  if (!isDelta(column) || !own || !other) return std::nullopt;
  return column == CompareColumn::PerplexityDelta ? *own - *other : *own / *other - 1;
}

QString deltaText(std::optional<double> delta, CompareColumn column) {
  if (!delta || !std::isfinite(*delta)) return QStringLiteral("–");
  QString size;
  bool isZero = false;
  if (column == CompareColumn::PerplexityDelta) {
    size = QString::number(std::abs(*delta), 'f', std::abs(*delta) >= 100 ? 0 : 2);
    isZero = std::abs(*delta) < 0.005;
  } else {
    const double percent = std::abs(*delta) * 100;
    // 1,500% is read as 16 times.
    if (*delta >= 9.995) return QStringLiteral("×%1").arg(*delta + 1, 0, 'f', *delta < 99 ? 1 : 0);
    size = QStringLiteral("%1%").arg(percent, 0, 'f', percent < 9.95 ? 1 : 0);
    isZero = percent < 0.05;
  }
  if (isZero) return QStringLiteral("0");
  return (*delta < 0 ? QStringLiteral("−") : QStringLiteral("+")) + size;
}

CompareModel::CompareModel(PairSelection* selection, QObject* parent)
    : QAbstractTableModel(parent), m_selection(selection) {
  connect(selection, &PairSelection::changed, this, [this] {
    const int column = static_cast<int>(CompareColumn::Mark);
    if (rowCount() > 0) Q_EMIT dataChanged(index(0, column), index(rowCount() - 1, column));
  });
}

void CompareModel::setRuns(std::vector<RunSummary> runs) {
  std::sort(runs.begin(), runs.end(), [](const RunSummary& a, const RunSummary& b) { return a.id < b.id; });
  const std::vector<Place> before = m_places;
  bool isSameSet = true;
  // Neighbours come and go together: each insertion costs the view a walk over its rows.
  auto next = runs.begin();
  int row = 0;
  while (next != runs.end() || row < rowCount()) {
    int kept = row;
    while (kept < rowCount() && (next == runs.end() || runAt(kept).id < next->id)) ++kept;
    if (kept > row) {
      isSameSet = false;
      beginRemoveRows({}, row, kept - 1);
      m_runs.erase(m_runs.begin() + row, m_runs.begin() + kept);
      m_places.erase(m_places.begin() + row, m_places.begin() + kept);
      endRemoveRows();
      continue;
    }
    auto known = next;
    while (known != runs.end() && (row == rowCount() || known->id < runAt(row).id)) ++known;
    if (const auto count = static_cast<int>(known - next); count > 0) {
      isSameSet = false;
      beginInsertRows({}, row, row + count - 1);
      m_runs.insert(m_runs.begin() + row, std::make_move_iterator(next), std::make_move_iterator(known));
      m_places.insert(m_places.begin() + row, static_cast<std::size_t>(count), Place::NoValue);
      endInsertRows();
      row += count;
      next = known;
      continue;
    }
    const bool hasChanged = shown(runAt(row)) != shown(*next);
    m_runs[static_cast<std::size_t>(row)] = std::move(*next);
    if (hasChanged) Q_EMIT dataChanged(index(row, 0), index(row, kCompareColumns - 1));
    ++row;
    ++next;
  }
  const QStringList labels = runLabels(m_runs);
  const bool hasNewLabels = std::exchange(m_labels, labels) != labels;
  placeRuns();
  const int frontier = static_cast<int>(CompareColumn::Frontier);
  if ((!isSameSet || hasNewLabels || before != m_places) && rowCount() > 0)
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, frontier));
}

void CompareModel::setRun(const RunSummary& run) {
  const int row = rowOf(run.id);
  if (row < 0) return;
  RunSummary& held = m_runs[static_cast<std::size_t>(row)];
  const bool hasChanged = shown(held) != shown(run);
  held = run;
  if (hasChanged) Q_EMIT dataChanged(index(row, 0), index(row, kCompareColumns - 1));
}

void CompareModel::setBaseline(const std::optional<RunSummary>& baseline) {
  const bool isSame = m_baseline.has_value() == baseline.has_value() &&
                      (!baseline || (baseline->id == m_baseline->id && shown(*baseline) == shown(*m_baseline)));
  m_baseline = baseline;
  if (!isSame && rowCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kCompareColumns - 1));
}

void CompareModel::placeRuns() {
  const ParetoData points = paretoData(m_runs);
  // The points are in the order of the runs; a run without a value has none.
  auto point = points.points.begin();
  for (std::size_t i = 0; i < m_runs.size(); ++i) {
    const bool hasPoint = point != points.points.end() && point->run == m_runs[i].id;
    m_places[i] = !hasPoint ? Place::NoValue : point->isOnFrontier ? Place::OnFrontier : Place::Dominated;
    if (hasPoint) ++point;
  }
}

int CompareModel::rowOf(store::RunId id) const {
  const auto found = std::lower_bound(m_runs.begin(), m_runs.end(), id,
                                      [](const RunSummary& run, store::RunId wanted) { return run.id < wanted; });
  return found != m_runs.end() && found->id == id ? static_cast<int>(found - m_runs.begin()) : -1;
}

CompareModel::Place CompareModel::placeOf(store::RunId id) const {
  const int row = rowOf(id);
  return row < 0 ? Place::NoValue : m_places[static_cast<std::size_t>(row)];
}

int CompareModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_runs.size());
}
int CompareModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : kCompareColumns; }

QString CompareModel::text(const RunSummary& run, CompareColumn column) const {
  switch (column) {
    case CompareColumn::Mark:
      return run.id == m_selection->a()   ? QStringLiteral("A")
             : run.id == m_selection->b() ? QStringLiteral("B")
             : run.id == baseline()       ? QStringLiteral("baseline")
                                          : QString();
    case CompareColumn::Run:
      return labelAt(rowOf(run.id));
    case CompareColumn::Map:
      return QString::fromStdString(run.generator.empty() ? run.map : run.generator);
    case CompareColumn::Heads:
      return headsText(run);
    case CompareColumn::Perplexity:
      return perplexityText(run.perplexity);
    case CompareColumn::KvBytes:
      return bytesPerTokenText(run.kvBytesPerToken);
    case CompareColumn::KvMeasured:
      return bytesPerTokenText(run.kvBytesPerTokenMeasured);
    case CompareColumn::Parameters:
      return countText(static_cast<double>(run.parameters));
    case CompareColumn::Speed:
      return rateText(run.tokensPerSecond);
    case CompareColumn::PerplexityDelta:
    case CompareColumn::KvBytesDelta:
    case CompareColumn::KvMeasuredDelta:
    case CompareColumn::ParametersDelta:
    case CompareColumn::SpeedDelta:
      if (!m_baseline) return {};
      if (run.id == m_baseline->id)
        return column == CompareColumn::PerplexityDelta ? QStringLiteral("baseline") : QString();
      return deltaText(deltaOf(run, *m_baseline, column), column);
    case CompareColumn::Frontier:
      switch (placeOf(run.id)) {
        case Place::OnFrontier:
          return QStringLiteral("yes");
        case Place::Dominated:
          return QStringLiteral("dominated");
        case Place::NoValue:
          return store::isTerminal(run.state) ? QStringLiteral("no perplexity") : stateLabel(run.state).toLower();
      }
  }
  return {};
}

QVariant CompareModel::sortKey(const RunSummary& run, CompareColumn column) const {
  // What is missing stands at the end of an ascending column.
  const double none = std::numeric_limits<double>::infinity();
  if (isDelta(column)) return m_baseline ? deltaOf(run, *m_baseline, column).value_or(none) : none;
  if (column == CompareColumn::Mark) return run.id == m_selection->a() ? 0 : run.id == m_selection->b() ? 1 : 2;
  if (column == CompareColumn::Heads) return run.queryHeads * 1e9 + run.kvHeads * 1e4 + run.headWidth;
  if (column == CompareColumn::Frontier)
    return placeOf(run.id) == Place::OnFrontier ? 0 : placeOf(run.id) == Place::Dominated ? 1 : 2;
  if (isNumeric(column)) return number(run, column).value_or(none);
  return text(run, column).toLower();
}

QVariant CompareModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const RunSummary& run = runAt(index.row());
  const auto column = static_cast<CompareColumn>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return text(run, column);
    case Qt::ToolTipRole:
      if (column == CompareColumn::Map) return QString::fromStdString(run.map);
      if (column == CompareColumn::Run) return QStringLiteral("%1: %2").arg(familyOf(run).name, text(run, column));
      if (column == CompareColumn::Perplexity || column == CompareColumn::PerplexityDelta) {
        const QString said = m_baseline && m_sentences ? m_sentences(run.id, m_baseline->id) : QString();
        if (!said.isEmpty()) return said;
      }
      if (isDelta(column)) return explanation(column);
      if (column == CompareColumn::KvBytes) return kvBytesText(run);
      return {};
    case Qt::AccessibleTextRole:
      return QStringLiteral("%1: %2").arg(fullTitle(column), text(run, column));
    case Qt::TextAlignmentRole:
      return static_cast<int>((isNumeric(column) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case RunRole:
      return QVariant::fromValue(const_cast<void*>(static_cast<const void*>(&run)));
    case SortRole:
      return sortKey(run, column);
    case DeltaRole:
      if (const auto delta = m_baseline ? deltaOf(run, *m_baseline, column) : std::nullopt) return *delta;
      return {};
    default:
      return {};
  }
}

QVariant CompareModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= kCompareColumns) return {};
  const auto column = static_cast<CompareColumn>(section);
  if (role == Qt::DisplayRole) return title(column);
  if (role == Qt::ToolTipRole) return explanation(column);
  if (role == Qt::AccessibleTextRole) return fullTitle(column);
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((isNumeric(column) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  return {};
}

QString CompareModel::csv() const {
  const auto field = [](const std::string& value) { return csvField(toQt(value)); };
  const auto plain = [](std::optional<double> value) { return value ? QString::number(*value, 'g', 12) : QString(); };
  QString csv = QStringLiteral(
      "id,name,map,query_heads,kv_heads,head_width,perplexity,perplexity_minus_baseline,kv_bytes_per_token,kv_bytes_"
      "per_token_vs_baseline,"
      "kv_bytes_measured,kv_bytes_measured_vs_baseline,parameters,parameters_vs_baseline,tokens_per_second,tokens_per_"
      "second_vs_baseline,frontier\n");
  for (const RunSummary& run : m_runs) {
    QStringList row{QString::number(run.id.value),
                    field(run.name),
                    field(run.map),
                    QString::number(run.queryHeads),
                    QString::number(run.kvHeads),
                    QString::number(run.headWidth)};
    for (const auto& [value, delta] : {std::pair(CompareColumn::Perplexity, CompareColumn::PerplexityDelta),
                                       std::pair(CompareColumn::KvBytes, CompareColumn::KvBytesDelta),
                                       std::pair(CompareColumn::KvMeasured, CompareColumn::KvMeasuredDelta),
                                       std::pair(CompareColumn::Parameters, CompareColumn::ParametersDelta),
                                       std::pair(CompareColumn::Speed, CompareColumn::SpeedDelta)})
      row << plain(number(run, value)) << (m_baseline ? plain(deltaOf(run, *m_baseline, delta)) : QString());
    row << text(run, CompareColumn::Frontier);
    csv += row.join(u',') + u'\n';
  }
  return csv;
}

bool CompareSortProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
  const auto* model = static_cast<const CompareModel*>(sourceModel());
  const store::RunSummary& a = model->runAt(left.row());
  const store::RunSummary& b = model->runAt(right.row());
  const bool isAscending = sortOrder() == Qt::AscendingOrder;
  // The pinned row stays on top in either order.
  if (a.id == model->baseline() || b.id == model->baseline())
    return (a.id == model->baseline()) == isAscending && a.id != b.id;
  const QVariant x = left.data(CompareModel::SortRole), y = right.data(CompareModel::SortRole);
  if (x.userType() == QMetaType::QString) {
    if (x.toString() != y.toString()) return x.toString() < y.toString();
  } else {
    const double p = x.toDouble(), q = y.toDouble();
    // Missing values are infinite; they stand at the end in a descending column, too.
    if (std::isinf(p) != std::isinf(q)) return std::isinf(q) == isAscending;
    if (p != q && !std::isinf(p)) return p < q;
  }
  return a.id < b.id;
}

}  // namespace weft::ui
