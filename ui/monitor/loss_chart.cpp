#include "ui/monitor/loss_chart.h"

#include <QMouseEvent>
#include <algorithm>
#include <cmath>

#include "engine/store/evaluations.h"
#include "ui/monitor/loss_marks.h"
#include "ui/parts/theme.h"
#include "ui/plot/curve.h"

namespace weft::ui {
namespace {

constexpr double kReach_px = 8;           // of an alert under the pointer
constexpr double kStart = 0.04;           // share of the longest curve that is their steep beginning
constexpr std::size_t kStartPoints = 40;  // a shorter curve is shown whole
constexpr double kReferenceReach =
    1.0;  // a reference line comes into view if it is no further from the data than this times the data's extent

}  // namespace

LossChart::LossChart(QWidget* parent) : MetricChart(kLossMetric, Detail::Large, parent) {
  if (!layer(QStringLiteral("marks"))) addLayer(QStringLiteral("marks"), layer(QStringLiteral("main")));
  (new LossLines(this))->setLayer(QStringLiteral("bands"));
  (new LossMarks(this))->setLayer(QStringLiteral("marks"));
  connect(this, &Plot::clicked, this, [this](QPointF pixel) {
    if (const std::int64_t id = alertAt(pixel); id != 0) Q_EMIT alertClicked(id);
  });
  updateLabelRoom();
}

void LossChart::setEvaluations(store::RunId run, const std::vector<store::Evaluation>& evaluations) {
  std::vector<HeldOut>& heldOut = m_heldOut[run];
  heldOut.clear();
  for (const store::Evaluation& evaluation : store::heldOutCurve(evaluations)) {
    if (std::isfinite(evaluation.loss_nats) && evaluation.loss_nats > 0)
      heldOut.push_back({evaluation.step, evaluation.loss_nats});
  }
}

void LossChart::setReferences(std::vector<LossReference> references) { m_references = std::move(references); }

void LossChart::setAlerts(std::vector<LossAlert> alerts) {
  m_alerts = std::move(alerts);
  const auto isThere = [&](std::int64_t id) {
    return std::any_of(m_alerts.begin(), m_alerts.end(), [id](const auto& alert) { return alert.id == id; });
  };
  if (!isThere(m_currentAlert)) m_currentAlert = 0;
  if (!isThere(m_hoveredAlert)) m_hoveredAlert = 0;
}

void LossChart::setCurrentAlert(std::int64_t id) {
  if (id == m_currentAlert) return;
  m_currentAlert = id;
  replot(rpQueuedReplot);
}

std::optional<QPointF> LossChart::alertPixel(const LossAlert& alert) const {
  const RunCurve* curve = curveOf(alert.run);
  if (!curve || !curve->series) return std::nullopt;
  const double x = curve->series->x(alert.step, options().x);
  const auto at = reading(alert.run, x);
  if (!at) return std::nullopt;
  double value = at->raw;
  if (!std::isfinite(value)) value = at->smooth;
  if (!std::isfinite(value)) return QPointF(xAxis->coordToPixel(x), plotArea().top() + 6);
  return QPointF(xAxis->coordToPixel(x), std::max(yAxis->coordToPixel(value), plotArea().top() + 6.0));
}

QRectF LossChart::referenceLabel(const LossReference& reference) const {
  const QRectF area = plotArea();
  const QFontMetricsF font(captionFont());
  const double height = std::ceil(font.height());
  const double width = font.horizontalAdvance(QStringLiteral("%1 %2 ↑").arg(
                           reference.name, metricValue(reference.loss_nats, Quantity::Number))) +
                       2;
  const double y = std::floor(yAxis->coordToPixel(reference.loss_nats));
  double top = y - height - 1;
  if (!(y <= area.bottom()))
    top = area.bottom() - height - 2;
  else if (top < area.top())
    top = y < area.top() ? area.top() + 2 : y + 2;
  return {area.right() - 8 - width, top, width, height};
}

std::int64_t LossChart::alertAt(QPointF pixel) const {
  for (const LossAlert& alert : m_alerts)
    if (const auto at = alertPixel(alert); at && std::hypot(at->x() - pixel.x(), at->y() - pixel.y()) <= kReach_px)
      return alert.id;
  return 0;
}

std::optional<double> LossChart::evaluationAt(store::RunId run, double x) const {
  const RunCurve* curve = curveOf(run);
  const auto heldOut = m_heldOut.find(run);
  if (!curve || !curve->series || heldOut == m_heldOut.end()) return std::nullopt;
  std::optional<double> found;
  for (const HeldOut& point : heldOut->second)
    if (curve->series->x(point.step, options().x) <= x) found = point.loss_nats;
  return found;
}

std::optional<QCPRange> LossChart::valuesWorthSeeing(const QCPRange& keys) const {
  std::optional<QCPRange> values;
  const auto add = [&](const QCPRange& range) { values = values ? values->expanded(range) : range; };
  for (const RunCurve& curve : curves()) {
    const CurveData& points = *curve.curve.raw();
    if (points.isEmpty()) continue;
    QCPRange seen = keys;
    // The first steps fall from ln(vocabulary): they would press everything after them flat. A logarithmic axis and a
    // zoom onto them show them.
    const double first = points.x(0), last = points.x(points.size() - 1);
    if (points.size() >= kStartPoints && !options().logY && keys.lower <= first &&
        keys.upper >= first + (last - first) / 2)
      seen.lower = first + std::min(lastX() * kStart, (last - first) / 4);
    if (const auto range = curve.line->valuesIn(seen)) add(*range);
    if (curve.band && curve.band->visible())
      if (const auto range = curve.band->valuesIn(seen)) add(*range);
    const auto heldOut = m_heldOut.find(curve.run.id);
    if (heldOut == m_heldOut.end() || !curve.series) continue;
    for (const HeldOut& point : heldOut->second)
      if (seen.contains(curve.series->x(point.step, options().x))) add({point.loss_nats, point.loss_nats});
  }
  if (!values) return values;
  const QCPRange shown = *values;
  for (const LossReference& reference : m_references) {
    const double distance = std::max(shown.lower - reference.loss_nats, reference.loss_nats - shown.upper);
    if (distance <= kReferenceReach * std::max(shown.size(), 0.05)) add({reference.loss_nats, reference.loss_nats});
  }
  return values;
}

void LossChart::updateLabelRoom() {
  QFont strong = captionFont();
  strong.setWeight(QFont::DemiBold);
  double room = QFontMetricsF(captionFont()).horizontalAdvance(QStringLiteral("0.0000"));
  if (runs().size() > 1)
    for (const ChartRun& run : runs()) room = std::max(room, QFontMetricsF(strong).horizontalAdvance(run.name));
  axisRect()->setMinimumMargins(QMargins(40, 10, static_cast<int>(std::min(room, 132.0)) + 26, 26));
}

void LossChart::applyTheme() {
  MetricChart::applyTheme();
  updateLabelRoom();
}

void LossChart::mouseMoveEvent(QMouseEvent* event) {
  MetricChart::mouseMoveEvent(event);
  if (isDragging()) return;
  const std::int64_t hovered = alertAt(event->position());
  if (hovered == m_hoveredAlert) return;
  m_hoveredAlert = hovered;
  replot(rpQueuedReplot);
}

void LossChart::leaveEvent(QEvent* event) {
  MetricChart::leaveEvent(event);
  if (m_hoveredAlert == 0) return;
  m_hoveredAlert = 0;
  replot(rpQueuedReplot);
}

}  // namespace weft::ui
