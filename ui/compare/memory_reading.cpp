#include "ui/compare/memory_reading.h"

#include <algorithm>
#include <cmath>

#include "ui/models/configuration_groups.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

std::optional<MemoryReading::Line> lineOf(const ParetoData& data, const ParetoCurve& curve, double x) {
  const auto reading = readCurve(data, curve, x);
  if (!reading) return std::nullopt;
  const ParetoPoint* point = data.find(reading->run);
  return MemoryReading::Line{reading->run, point ? point->name : curve.family.name, curve.family, reading->y,
                             reading->isInterpolated};
}

std::optional<MemoryReading::Line> lineOf(const ParetoData& data, const ParetoPoint& point, double x) {
  if (std::abs(point.x - x) <= 1e-9 * x)
    return MemoryReading::Line{point.run, point.name, point.family, point.y, false};
  const auto curve = std::find_if(data.curves.begin(), data.curves.end(),
                                  [&](const ParetoCurve& one) { return one.family == point.family; });
  return curve == data.curves.end() ? std::nullopt : lineOf(data, *curve, x);
}

QString valueText(const MemoryReading::Line& line) {
  const QString number = perplexityText(line.y);
  return line.isInterpolated ? QStringLiteral("<i>%1</i>").arg(number) : number;
}

}  // namespace

QString MemoryReading::headline(const QString& unit) const {
  QStringList values;
  for (const Line& line : lines) values << valueText(line);
  const QString at = unit.isEmpty() ? countText(x) : QStringLiteral("%1 %2/token").arg(bytesPerTokenText(x), unit);
  return QStringLiteral("at %1: %2")
      .arg(at, values.isEmpty() ? QStringLiteral("no curve") : values.join(QStringLiteral(" vs ")));
}

QString MemoryReading::sentence(const ConfigurationGroups* groups) const {
  if (lines.size() < 2) return lines.empty() ? QString() : lines.front().name;
  if (lines[0].isInterpolated || lines[1].isInterpolated)
    return QStringLiteral("%1 and %2; a value between two runs is not compared").arg(lines[0].name, lines[1].name);
  return groups ? groups->sentence(lines[0].run, lines[1].run) : QString();
}

MemoryReading readMemory(const ParetoData& data, double x, const std::vector<store::RunId>& chosen) {
  MemoryReading reading{.x = x, .lines = {}};
  for (const store::RunId run : chosen) {
    const ParetoPoint* point = data.find(run);
    const auto line = point ? lineOf(data, *point, x) : std::nullopt;
    // Two runs of one curve, read between its points, are one reading.
    if (line && !(line->isInterpolated && !reading.lines.empty() && reading.lines.front().family == line->family))
      reading.lines.push_back(*line);
  }
  if (!chosen.empty() && !reading.lines.empty()) return reading;
  for (const ParetoCurve& curve : data.curves)
    if (curve.family.kind != FamilyKind::Reference)
      if (const auto line = lineOf(data, curve, x)) reading.lines.push_back(*line);
  std::stable_sort(reading.lines.begin(), reading.lines.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  if (reading.lines.size() > 2) reading.lines.resize(2);
  return reading;
}

}  // namespace weft::ui
