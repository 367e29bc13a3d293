#include "ui/measure/measure_plot.h"

#include <QBuffer>
#include <QPdfWriter>
#include <QSvgGenerator>
#include <algorithm>
#include <map>
#include <set>

#include "ui/plot/axis_range.h"
#include "ui/plot/axis_ticker.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr double kMarkerRadius = 4;

}  // namespace

MeasurePlot::MeasurePlot(QWidget* parent) : Plot(QStringLiteral("Measured inference of the runs"), parent) {
  axisRect()->setMinimumMargins(QMargins(12, 22, 16, 8));
  for (QCPAxis* axis : {xAxis, yAxis}) {
    axis->setTicker(QSharedPointer<AxisTicker>::create(Quantity::Count));
    setScale(axis, Scale::Logarithmic);
  }
  legend->setVisible(true);
  axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignLeft | Qt::AlignTop);
  applyTheme();
}

void MeasurePlot::setPoints(const std::vector<MeasuredPoint>& points) {
  m_points = points;
  rebuild();
}

void MeasurePlot::setView(const View& view) {
  if (view == m_view) return;
  m_view = view;
  setFitted(true);
  rebuild();
}

std::vector<std::int64_t> MeasurePlot::choicesOfAt(MeasureX x) const {
  std::set<std::int64_t> values;
  for (const MeasuredPoint& point : m_points)
    if (point.batch) values.insert(x == MeasureX::Batch ? point.context : *point.batch);
  return {values.begin(), values.end()};
}

std::int64_t MeasurePlot::fullestAt(MeasureX x) const {
  std::map<std::int64_t, int> points;
  for (const MeasuredPoint& point : m_points)
    if (point.batch && point.fits) ++points[x == MeasureX::Batch ? point.context : *point.batch];
  std::int64_t fullest = 0;
  int most = 0;
  for (const auto& [value, count] : points) {
    if (count >= most) fullest = value;
    most = std::max(most, count);
  }
  return fullest;
}

void MeasurePlot::rebuild() {
  std::map<store::RunId, Line> lines;
  for (const MeasuredPoint& point : m_points) {
    const std::optional<double> y = valueOf(point, m_view.y);
    if (!y || *y <= 0) continue;
    double x = static_cast<double>(point.context);
    if (m_view.y != MeasureY::Largest) {
      if (!point.batch) continue;
      const std::int64_t other = m_view.x == MeasureX::Batch ? point.context : *point.batch;
      if (other != m_view.at) continue;
      if (m_view.x == MeasureX::Batch) x = static_cast<double>(*point.batch);
    }
    Line& line = lines[point.run];
    line.run = point.run;
    line.name = point.name;
    if (!line.x.empty() && line.x.back() == x) continue;  // one largest batch stands in the rows of all batches
    line.x << x;
    line.y << *y;
    double low = *y, high = *y;
    if (m_view.y == MeasureY::Decode) {
      low = point.decodeLow.value_or(low);
      high = point.decodeHigh.value_or(high);
    } else if (m_view.y == MeasureY::Prefill) {
      low = point.prefillLow.value_or(low);
      high = point.prefillHigh.value_or(high);
    }
    line.low << low;
    line.high << high;
  }
  m_lines.clear();
  for (auto& [run, line] : lines) m_lines.push_back(std::move(line));
  xAxis->setLabel(titleOf(m_view.y == MeasureY::Largest ? MeasureX::Context : m_view.x));
  yAxis->setLabel(titleOf(m_view.y));
  applyTheme();
  if (isFitted() && !m_lines.empty()) fitAxes();
  replot(rpQueuedReplot);
}

void MeasurePlot::applyTheme() {
  Plot::applyTheme();
  const Theme& theme = Theme::current();
  legend->setBrush(theme.panel);
  legend->setBorderPen(QPen(theme.hairline, 1));
  legend->setFont(captionFont());
  legend->setTextColor(theme.text);
  clearPlottables();
  const Dashes dashes = static_cast<int>(m_lines.size()) > kMostSolidCurves ? Dashes::Yes : Dashes::No;
  for (const Line& line : m_lines) {
    const SeriesStyle style = runStyle(line.run, theme);
    QCPGraph* graph = addGraph();
    graph->setData(line.x, line.y, true);
    graph->setName(line.name);
    graph->setPen(seriesPen(style, 1.5, dashes));
    graph->setScatterStyle(scatterStyle(style, kMarkerRadius, MarkerFill::Filled, theme.panel));
    auto* bars = new QCPErrorBars(xAxis, yAxis);
    bars->removeFromLegend();
    bars->setDataPlottable(graph);
    bars->setPen(QPen(style.line, 1));
    bars->setWhiskerWidth(5);
    QVector<double> below, above;
    for (qsizetype i = 0; i < line.y.size(); ++i) {
      below << line.y[i] - line.low[i];
      above << line.high[i] - line.y[i];
    }
    bars->setData(below, above);
  }
  legend->setVisible(!m_lines.empty());
}

void MeasurePlot::fitAxes() {
  double lowX = 0, highX = 0, lowY = 0, highY = 0;
  bool isFirst = true;
  for (const Line& line : m_lines)
    for (qsizetype i = 0; i < line.x.size(); ++i) {
      const double below = line.low[i] > 0 ? line.low[i] : line.y[i];
      lowX = isFirst ? line.x[i] : std::min(lowX, line.x[i]);
      highX = isFirst ? line.x[i] : std::max(highX, line.x[i]);
      lowY = isFirst ? below : std::min(lowY, below);
      highY = isFirst ? line.high[i] : std::max(highY, line.high[i]);
      isFirst = false;
    }
  if (isFirst) return;
  xAxis->setRange(niceLogRange(lowX, highX));
  yAxis->setRange(niceLogRange(lowY, highY));
}

QByteArray MeasurePlot::rendered(const QString& format) {
  QByteArray content;
  QBuffer buffer(&content);
  buffer.open(QIODevice::WriteOnly);
  const QSize size = this->size();
  if (format == QStringLiteral("png")) {
    toPixmap(size.width(), size.height(), 2).save(&buffer, "PNG");
  } else if (format == QStringLiteral("svg")) {
    QSvgGenerator svg;
    svg.setOutputDevice(&buffer);
    svg.setSize(size);
    svg.setViewBox(QRect(QPoint(0, 0), size));
    QCPPainter painter(&svg);
    toPainter(&painter, size.width(), size.height());
  } else {
    QPdfWriter pdf(&buffer);
    pdf.setPageSize(QPageSize(QSizeF(size) * 0.75, QPageSize::Point));
    pdf.setPageMargins({});
    pdf.setResolution(96);
    QCPPainter painter(&pdf);
    painter.setMode(QCPPainter::pmVectorized);
    toPainter(&painter, size.width(), size.height());
  }
  return content;
}

}  // namespace weft::ui
