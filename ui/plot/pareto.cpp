#include "ui/plot/pareto.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "engine/store/kv_type.h"
#include "engine/store/run_labels.h"
#include "ui/plot/paper_table.h"

namespace weft::ui {
namespace {

// Two x of one memory: bytes per token may be quotients.
bool isSameX(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

std::optional<double> usable(std::optional<double> value) {
  return value && std::isfinite(*value) && *value > 0 ? value : std::nullopt;
}

QString withDistinction(const QString& name, const std::string& distinction) {
  return distinction.empty() ? name : QStringLiteral("%1 %2").arg(name, QString::fromStdString(distinction));
}

// "H64 s1" for the run "H64-MQA-CLA2" beside the others of its family.
QString shortLabel(const QString& name, const std::string& distinction, const Family& family) {
  const QString ending = QStringLiteral("-%1").arg(family.name);
  return withDistinction(
      name.size() > ending.size() && name.endsWith(ending, Qt::CaseInsensitive) ? name.chopped(ending.size()) : name,
      distinction);
}

// Within a family two points must not share a label, or nobody could tell which is which; the whole ones are all
// different.
void makeLabelsDistinct(std::vector<ParetoPoint>& points) {
  std::map<std::pair<QString, QString>, int> uses;
  for (const ParetoPoint& point : points) ++uses[{point.family.name, point.label}];
  for (ParetoPoint& point : points)
    if (uses[{point.family.name, point.label}] > 1 && !point.isReference()) point.label = point.name;
}

}  // namespace

std::optional<double> valueOf(const store::RunSummary& run, ParetoX x) {
  switch (x) {
    case ParetoX::KvBytes:
      return usable(run.kvBytesPerToken);
    case ParetoX::KvMeasured:
      return usable(run.kvBytesPerTokenMeasured);
    case ParetoX::Parameters:
      return usable(static_cast<double>(run.parameters));
  }
  return std::nullopt;
}

std::optional<double> valueOf(const store::RunSummary& run, ParetoY y) {
  switch (y) {
    case ParetoY::Perplexity:
      return usable(run.perplexity);
    case ParetoY::BestPerplexity:
      return usable(run.bestPerplexity);
    case ParetoY::LastLoss:
      return usable(run.lastLoss);
  }
  return std::nullopt;
}

QString titleOf(ParetoX x) {
  switch (x) {
    case ParetoX::KvBytes:
      return QStringLiteral("KV cache per token");
    case ParetoX::KvMeasured:
      return QStringLiteral("KV cache per token, measured");
    case ParetoX::Parameters:
      return QStringLiteral("Parameters");
  }
  return {};
}

QString titleOf(ParetoY y) {
  switch (y) {
    case ParetoY::Perplexity:
      return QStringLiteral("Validation perplexity");
    case ParetoY::BestPerplexity:
      return QStringLiteral("Best validation perplexity");
    case ParetoY::LastLoss:
      return QStringLiteral("Training loss (nats per token)");
  }
  return {};
}

QString unitOf(ParetoX x) { return x == ParetoX::Parameters ? QString() : QStringLiteral("B"); }

const ParetoPoint* ParetoData::find(store::RunId run) const {
  if (run.value == 0) return nullptr;
  const auto found =
      std::find_if(points.begin(), points.end(), [&](const ParetoPoint& point) { return point.run == run; });
  return found == points.end() ? nullptr : &*found;
}

std::vector<std::size_t> frontierOf(const std::vector<std::pair<double, double>>& points) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (std::isfinite(points[i].first) && std::isfinite(points[i].second)) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(points[a].first, points[a].second, a) < std::tie(points[b].first, points[b].second, b);
  });
  std::vector<std::size_t> frontier;
  for (const std::size_t i : order) {
    // From the left: whoever stands must be lower than all before, or equal to the last one in both.
    if (frontier.empty() || points[i].second < points[frontier.back()].second || points[i] == points[frontier.back()])
      frontier.push_back(i);
  }
  return frontier;
}

ParetoData paretoData(const std::vector<store::RunSummary>& runs, ParetoX x, ParetoY y, References references) {
  ParetoData data;
  // Labels are those of the whole list, also of runs that have no point yet: table and plot call a run the same.
  const std::vector<std::string> distinctions = store::runDistinctions(runs);
  std::vector<const store::RunSummary*> shown;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const store::RunSummary& run = runs[i];
    const auto atX = valueOf(run, x);
    const auto atY = valueOf(run, y);
    if (!atX || !atY) continue;
    const QString name = QString::fromStdString(run.name);
    ParetoPoint point{.run = run.id,
                      .name = withDistinction(name, distinctions[i]),
                      .label = {},
                      .family = familyOf(run),
                      .x = *atX,
                      .y = *atY};
    point.label = shortLabel(name, distinctions[i], point.family);
    data.points.push_back(std::move(point));
    shown.push_back(&run);
  }
  if (x != ParetoX::Parameters) data.kvTypes = QString::fromStdString(store::kvTypesOf(shown));
  std::vector<std::pair<double, double>> measured;
  for (const ParetoPoint& point : data.points) measured.emplace_back(point.x, point.y);
  data.frontier = frontierOf(measured);
  for (const std::size_t i : data.frontier) data.points[i].isOnFrontier = true;
  if (references == References::Show && y != ParetoY::LastLoss) {
    const QString paper = QStringLiteral("16-bit");
    if (!data.kvTypes.isEmpty() && !data.kvTypes.contains(paper)) data.kvTypes += QStringLiteral(" and ") + paper;
    for (const PaperRow& row : paperTable1()) {
      const double atX = x == ParetoX::Parameters ? static_cast<double>(row.parameters) : row.kvBytesPerToken;
      data.points.push_back({.run = {},
                             .name = QString::fromStdString(row.name),
                             .label = QString::fromStdString(row.name),
                             .family = {FamilyKind::Reference, QStringLiteral("paper, Table 1")},
                             .x = atX,
                             .y = row.perplexity});
    }
  }
  makeLabelsDistinct(data.points);

  std::map<Family, std::vector<std::size_t>> families;
  for (std::size_t i = 0; i < data.points.size(); ++i) families[data.points[i].family].push_back(i);
  for (auto& [family, points] : families) {
    std::sort(points.begin(), points.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(data.points[a].x, data.points[a].y, a) < std::tie(data.points[b].x, data.points[b].y, b);
    });
    data.curves.push_back({family, std::move(points)});
  }
  return data;
}

std::optional<CurveReading> readCurve(const ParetoData& data, const ParetoCurve& curve, double x) {
  const ParetoPoint* before = nullptr;
  for (const std::size_t i : curve.points) {
    const ParetoPoint& point = data.points[i];
    if (isSameX(point.x, x)) return CurveReading{point.y, false, point.run};
    if (point.x > x) {
      if (!before) return std::nullopt;
      const double share = (std::log(x) - std::log(before->x)) / (std::log(point.x) - std::log(before->x));
      return CurveReading{before->y + share * (point.y - before->y), true, {}};
    }
    // Of several at one x the line goes through the best, which comes first.
    if (!before || !isSameX(before->x, point.x)) before = &point;
  }
  return std::nullopt;
}

}  // namespace weft::ui
