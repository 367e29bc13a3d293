#include "ui/monitor/metric_chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ui/parts/theme.h"
#include "ui/plot/curve.h"

namespace weft::ui {
namespace {

constexpr double kLineWidth = 1.5;
const QString kBands = QStringLiteral("bands");

// Room around the values, its edges on round numbers.
QCPRange roomy(const QCPRange& values, bool isLogarithmic) {
  if (isLogarithmic && values.lower > 0) {
    const double margin = std::pow(std::max(values.upper / values.lower, 1.02), 0.05);
    return {values.lower / margin, values.upper * margin};
  }
  const double size = std::max(values.size(), std::max(std::abs(values.upper) * 1e-3, 1e-12));
  const double step = std::pow(10.0, std::floor(std::log10(size))) / 10;
  return {std::floor((values.lower - size * 0.03) / step) * step,
          std::ceil((values.upper + size * 0.05) / step) * step};
}

}  // namespace

double niceEnd(double last, double planned, double current) {
  if (last <= 0) return planned > 0 ? planned : 1;
  if (planned > 0 && last <= planned * 1.0001 && last >= planned / 2) return planned;
  if (current >= last && current <= 1.7 * last) return current;
  static constexpr std::array<double, 10> mantissas{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
  const double decade = std::pow(10.0, std::floor(std::log10(last)));
  for (const double mantissa : mantissas)
    if (mantissa * decade >= last * 1.02) return mantissa * decade;
  return 10 * decade;
}

MetricChart::MetricChart(const std::string& metric, Detail detail, QWidget* parent)
    : Plot(metricText(metric).title, parent), m_metric(metric), m_text(metricText(metric)), m_detail(detail) {
  // Values follow what is in view; the wheel over their numbers or with Shift zooms them.
  setViewAxes(Qt::Horizontal);
  if (!layer(kBands)) addLayer(kBands, layer(QStringLiteral("main")), limBelow);
  yAxis->setTicker(QSharedPointer<AxisTicker>::create(m_text.quantity));
  xAxis->setTicker(QSharedPointer<AxisTicker>::create(Quantity::Count));
  yAxis->ticker()->setTickCount(detail == Detail::Large ? 8 : 3);
  connect(this, &Plot::viewChanged, this, [this](Qt::Orientations axes) {
    if (!isFitted() && axes.testFlag(Qt::Vertical)) m_followsValues = false;
  });
}

const MetricChart::RunCurve* MetricChart::curveOf(store::RunId run) const {
  const auto found =
      std::find_if(m_curves.begin(), m_curves.end(), [&](const RunCurve& curve) { return curve.run.id == run; });
  return found == m_curves.end() ? nullptr : &*found;
}

void MetricChart::setOptions(const ChartOptions& options) {
  m_options = options;
  setScale(yAxis, options.logY ? Scale::Logarithmic : Scale::Linear);
  xAxis->setTicker(QSharedPointer<AxisTicker>::create(options.x == XAxis::Time ? Quantity::Duration : Quantity::Count));
  for (RunCurve& curve : m_curves)
    if (curve.series) update(*curve.series);
  styleCurves();
}

void MetricChart::setRuns(const std::vector<ChartRun>& runs) {
  m_runs = runs;
  std::vector<RunCurve> kept;
  for (const ChartRun& run : runs) {
    const auto known = std::find_if(m_curves.begin(), m_curves.end(),
                                    [&](const RunCurve& curve) { return curve.run.id == run.id && curve.line; });
    if (known != m_curves.end()) {
      kept.push_back(std::move(*known));
      known->line = known->band = nullptr;
      kept.back().run = run;
      continue;
    }
    RunCurve curve{.run = run};
    curve.line = new Curve(this, Curve::Form::Line);
    if (m_detail == Detail::Large) {
      curve.band = new Curve(this, Curve::Form::Band);
      curve.band->setLayer(kBands);
    }
    kept.push_back(std::move(curve));
  }
  for (const RunCurve& gone : m_curves) {
    if (gone.line) removePlottable(gone.line);
    if (gone.band) removePlottable(gone.band);
  }
  m_curves = std::move(kept);
  styleCurves();
}

void MetricChart::setCurrent(store::RunId run) {
  if (run == m_current) return;
  m_current = run;
  styleCurves();
  replot(rpQueuedReplot);
}

bool MetricChart::update(const RunSeries& series) {
  for (RunCurve& curve : m_curves) {
    if (curve.run.id != series.run()) continue;
    curve.series = &series;
    const bool changed =
        curve.curve.update(series, m_metric, m_options.x, m_detail == Detail::Large ? m_options.smoothing : 0);
    if (changed || !curve.line->data()) {
      curve.line->setData(curve.curve.smooth());
      if (curve.band) curve.band->setData(curve.curve.raw());
    }
    return changed;
  }
  return false;
}

void MetricChart::styleCurves() {
  const Theme& theme = Theme::current();
  const Dashes dashes = static_cast<int>(m_curves.size()) > kMostSolidCurves ? Dashes::Yes : Dashes::No;
  for (const RunCurve& curve : m_curves) {
    const LineStyle style = curve.run.lineStyle(theme);
    curve.line->setPen(seriesPen(style, kLineWidth, dashes));
    if (!curve.band) continue;
    QColor fill = style.fill;
    fill.setAlphaF(theme.dark ? 0.30F : 0.24F);
    curve.band->setBrush(fill);
    QColor thin = style.line;
    thin.setAlphaF(0.55F);
    curve.band->setPen(QPen(thin, 1));
    // Without an average the band would only repeat the line.
    curve.band->setVisible(m_options.raw && m_options.smoothing > 0 && showsBand(curve.run.id));
  }
}

void MetricChart::applyTheme() {
  Plot::applyTheme();
  styleCurves();
}

bool MetricChart::hasData() const {
  return std::any_of(m_curves.begin(), m_curves.end(),
                     [](const RunCurve& curve) { return !curve.curve.raw()->isEmpty(); });
}

double MetricChart::lastX() const {
  double last = 0;
  for (const RunCurve& curve : m_curves) {
    const CurveData& points = *curve.curve.raw();
    if (!points.isEmpty()) last = std::max(last, points.x(points.size() - 1));
  }
  return last;
}

double MetricChart::plannedX() const {
  if (m_options.x == XAxis::Time) return 0;
  double planned = 0;
  for (const RunCurve& curve : m_curves)
    planned = std::max(planned, curve.run.plannedSteps * (m_options.x == XAxis::Steps ? 1
                                                          : curve.series              ? curve.series->tokensPerStep()
                                                                                      : 0));
  return planned;
}

std::optional<QCPRange> MetricChart::valuesWorthSeeing(const QCPRange& keys) const {
  std::optional<QCPRange> values;
  for (const RunCurve& curve : m_curves)
    for (const Curve* part : {static_cast<const Curve*>(curve.line),
                              static_cast<const Curve*>(curve.band && curve.band->visible() ? curve.band : nullptr)})
      if (part)
        if (const auto range = part->valuesIn(keys)) values = values ? values->expanded(*range) : *range;
  if (values && m_text.startsAtZero && values->lower >= 0 && !m_options.logY) values->lower = 0;
  return values;
}

void MetricChart::follow(double endX) {
  xAxis->setRange(0, endX);
  followValues();
}

void MetricChart::followValues() {
  if (!m_followsValues) return;
  const std::optional<QCPRange> values = valuesWorthSeeing(xAxis->range());
  if (!values) return;
  const bool isLogarithmic = scale(yAxis) == Scale::Logarithmic;
  QCPRange wanted = roomy(*values, isLogarithmic);
  if (m_text.startsAtZero && values->lower == 0 && !isLogarithmic) wanted.lower = 0;
  const QCPRange now = yAxis->range();
  const bool fits = m_hasValues && now.lower <= values->lower && now.upper >= values->upper &&
                    (isLogarithmic || wanted.size() >= 0.6 * now.size());
  const bool isAtZero = wanted.lower != 0 || now.lower == 0;
  if (fits && isAtZero && !(isLogarithmic && now.lower <= 0)) return;
  m_hasValues = true;
  yAxis->setRange(wanted);
}

void MetricChart::fitAxes() {
  m_followsValues = true;
  m_hasValues = false;
  follow(niceEnd(lastX(), plannedX(), 0));
}

std::optional<MetricChart::Reading> MetricChart::reading(store::RunId run, double x) const {
  const RunCurve* curve = curveOf(run);
  if (!curve) return std::nullopt;
  const CurveData& raw = *curve->curve.raw();
  if (raw.isEmpty()) return std::nullopt;
  const std::size_t i = raw.nearest(x);
  // Beyond an end by more than the distance between points: nothing was measured there.
  const double spacing = raw.size() > 1 ? (raw.x(raw.size() - 1) - raw.x(0)) / static_cast<double>(raw.size() - 1) : 0;
  if (x > raw.x(raw.size() - 1) + 2 * spacing || x < raw.x(0) - 2 * spacing) return std::nullopt;
  return Reading{raw.x(i), raw.y(i), curve->curve.smooth()->y(i)};
}

std::optional<MetricChart::Reading> MetricChart::lastReading(store::RunId run) const {
  const RunCurve* curve = curveOf(run);
  if (!curve || curve->curve.raw()->isEmpty()) return std::nullopt;
  const std::size_t last = curve->curve.raw()->size() - 1;
  return Reading{curve->curve.raw()->x(last), curve->curve.raw()->y(last), curve->curve.smooth()->y(last)};
}

std::vector<Plot::CursorMark> MetricChart::cursorMarks(double x) const {
  std::vector<CursorMark> marks;
  for (const RunCurve& curve : m_curves)
    if (const auto at = reading(curve.run.id, x); at && std::isfinite(at->smooth))
      marks.push_back({QPointF(xAxis->coordToPixel(at->x), yAxis->coordToPixel(at->smooth)),
                       curve.run.lineStyle(Theme::current()).line});
  return marks;
}

}  // namespace weft::ui
