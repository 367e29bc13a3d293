#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

#include "ui/figures/figure_scene.h"
#include "ui/plot/axis_ticker.h"
#include "ui/plot/plot_legend.h"
#include "ui/plot/series_style.h"
#include "ui/plot/smoothing.h"

namespace weft::ui {
namespace {

constexpr int kColumns = 2000, kBandPieces = 360;
constexpr double kLogFrom = 30;

struct Curve {
  store::RunId run;
  QString name;
  SeriesStyle style;
  // Thinned to what the width can show; NaN is a gap.
  QVector<double> steps, values;
  std::vector<ValueRange> band;
  double last = 0;
};

QString metricTitle(const std::string& metric) {
  static const std::vector<std::pair<const char*, const char*>> titles{
      {"train/loss", "Training loss (nats per token)"}, {"valid/loss", "Validation loss (nats per token)"},
      {"valid/perplexity", "Validation perplexity"},    {"train/learning_rate", "Learning rate"},
      {"train/gradient_norm", "Gradient norm"},         {"train/tokens_per_second", "Tokens per second"}};
  for (const auto& [name, title] : titles)
    if (metric == name) return QString::fromLatin1(title);
  return QString::fromStdString(metric);
}

std::vector<Curve> curvesOf(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  std::vector<Curve> curves;
  const QStringList labels = figureLabels(runs);
  for (qsizetype i = 0; i < labels.size(); ++i) {
    const FigureRun& run = runs[static_cast<std::size_t>(i)];
    const std::vector<store::MetricPoint>& points = run.series.points;
    const std::vector<double> shown = movingAverage(points, std::clamp(options.smoothing, 0.0, 0.9999));
    const auto last = std::find_if(shown.rbegin(), shown.rend(), [](double value) { return std::isfinite(value); });
    if (last == shown.rend()) continue;
    Curve curve{.run = run.summary.id,
                .name = labels[i],
                .style = runStyle(run.summary.id, Theme::light()),
                .steps = {},
                .values = {},
                .band = {},
                .last = *last};
    for (const std::size_t place : thinned(points, shown, kColumns)) {
      curve.steps << static_cast<double>(points[place].step);
      curve.values << shown[place];
    }
    if (options.smoothing > 0 && options.rawBand) curve.band = valueRanges(points, kBandPieces);
    if (run.summary.id == options.baseline) {
      curve.style = Theme::light().series[7];
      curve.name += QStringLiteral(", baseline");
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

// Places at least `distance` apart, in order, as near to `wanted` (ascending) as that allows: neighbours that collide share their mean displacement.
std::vector<double> spread(const std::vector<double>& wanted, double distance, double low, double high) {
  struct Block {
    double sum = 0;  // of wanted - i * distance
    int count = 0;
    double mean() const { return sum / count; }
  };
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    blocks.push_back({wanted[i] - static_cast<double>(i) * distance, 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      blocks[blocks.size() - 2].sum += blocks.back().sum;
      blocks[blocks.size() - 2].count += blocks.back().count;
      blocks.pop_back();
    }
  }
  std::vector<double> places;
  for (const Block& block : blocks)
    for (int i = 0; i < block.count; ++i) places.push_back(block.mean() + static_cast<double>(places.size()) * distance);
  for (std::size_t i = places.size(); i-- > 0;) places[i] = std::min(places[i], high - static_cast<double>(places.size() - 1 - i) * distance);
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = std::max(places[i], low + static_cast<double>(i) * distance);
  return places;
}

// The names at the right end of their curves, in the margin; pushed apart where ends lie close.
class EndLabels : public QCPAbstractItem {
 public:
  EndLabels(QCustomPlot* plot, const std::vector<Curve>& curves, const QFont& font) : QCPAbstractItem(plot), m_curves(curves), m_font(font) {
    setClipToAxisRect(false);
    setSelectable(false);
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }
  bool hasRoom() const { return m_hasRoom; }

 protected:
  void draw(QCPPainter* painter) override {
    const QRectF area = clipAxisRect()->rect();
    const QFontMetricsF metrics(m_font);
    const double height = metrics.ascent() + metrics.descent();
    struct Label {
      const Curve* curve;
      double end, y;
    };
    std::vector<Label> labels;
    for (const Curve& curve : m_curves) {
      const double end = clipAxisRect()->axis(QCPAxis::atLeft)->coordToPixel(curve.last);
      labels.push_back({&curve, end, end});
    }
    std::stable_sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.end < b.end; });
    m_hasRoom = height * static_cast<double>(labels.size()) <= area.height();
    std::vector<double> ends;
    for (const Label& label : labels) ends.push_back(label.end);
    const std::vector<double> places = spread(ends, height, area.top() + height / 2, area.bottom() - height / 2);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i].y = places[i];
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setFont(m_font);
    const double gap = height * 0.9;
    for (const Label& label : labels) {
      painter->setPen(QPen(label.curve->style.line, height / 18));
      painter->drawLine(QLineF(area.right() + height * 0.15, label.end, area.right() + gap * 0.85, label.y));
      painter->setPen(QPen(label.curve->style.ink));
      painter->drawText(QPointF(area.right() + gap, label.y + (metrics.ascent() - metrics.descent()) / 2), label.curve->name);
    }
  }

 private:
  const std::vector<Curve>& m_curves;
  QFont m_font;
  bool m_hasRoom = true;
};

// The names in a box inside the axes.
class BoxLegend : public QCPAbstractItem {
 public:
  BoxLegend(QCustomPlot* plot, std::vector<LegendEntry> entries, const LegendLook& look, FigureLegend place)
      : QCPAbstractItem(plot), m_entries(std::move(entries)), m_look(look), m_place(place) {
    setSelectable(false);
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }

 protected:
  void draw(QCPPainter* painter) override {
    const double margin = m_look.font.pixelSize() * 0.6;
    const QRectF area = QRectF(clipAxisRect()->rect()).adjusted(margin, margin, -margin, -margin);
    const QSizeF size = legendSize(m_entries, m_look);
    const bool isLeft = m_place == FigureLegend::TopLeft || m_place == FigureLegend::BottomLeft;
    const bool isLow = m_place == FigureLegend::BottomLeft || m_place == FigureLegend::BottomRight;
    paintLegend(*painter, QPointF(isLeft ? area.left() : area.right() - size.width(), isLow ? area.bottom() - size.height() : area.top()), m_entries,
                m_look);
  }

 private:
  std::vector<LegendEntry> m_entries;
  LegendLook m_look;
  FigureLegend m_place;
};

class CurvesScene : public FigureScene {
 public:
  CurvesScene(const FigureOptions& options, const std::vector<FigureRun>& runs)
      : FigureScene(figureSize(options)), m_curves(curvesOf(options, runs)) {
    setUpPaperPlot(m_plot, options, options.labels ? QString() : QStringLiteral("00,000"));
    double low = 0, high = 0, lastStep = 0, firstStep = 0;
    bool isFirst = true;
    for (const Curve& curve : m_curves) {
      const double width = options.lineWidth_pt * kUnitsPerPoint * (curve.run == options.baseline ? 1.4 : 1);
      if (!curve.band.empty()) addBand(curve);
      QCPGraph* graph = m_plot.addGraph();
      for (qsizetype i = 0; i < curve.steps.size(); ++i) {
        const double step = curve.steps[i], value = curve.values[i];
        if (!std::isfinite(value)) continue;
        low = isFirst ? value : std::min(low, value);
        high = isFirst ? value : std::max(high, value);
        firstStep = isFirst ? step : std::min(firstStep, step);
        lastStep = isFirst ? step : std::max(lastStep, step);
        isFirst = false;
      }
      graph->setData(curve.steps, curve.values, true);
      graph->setPen(seriesPen(curve.style, width, Dashes::Yes));
      graph->setAntialiased(true);
    }
    m_plot.xAxis->setTicker(QSharedPointer<AxisTicker>::create());
    m_plot.xAxis->setRange(firstStep <= 1 ? 0 : firstStep, lastStep > firstStep ? lastStep : firstStep + 1);
    m_plot.xAxis->setLabel(QStringLiteral("Step"));
    const bool isLog = low > 0 && high / low >= kLogFrom;
    const auto ticker = QSharedPointer<AxisTicker>::create();
    ticker->setLogarithmic(isLog);
    m_plot.yAxis->setTicker(ticker);
    m_plot.yAxis->setScaleType(isLog ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    m_plot.yAxis->setRange(isLog ? niceLogRange(low, high) : niceRange(low, high));
    m_plot.yAxis->setLabel(isLog ? QStringLiteral("%1 (log scale)").arg(metricTitle(options.metric)) : metricTitle(options.metric));
    nameCurves(options);
  }

  QStringList problems() const override {
    return m_labels && !m_labels->hasRoom() ? QStringList{QStringLiteral("the names of the curves have no room below each other")} : QStringList{};
  }

 protected:
  void paintInto(QCPPainter& painter) override { m_plot.toPainter(&painter, size().width(), size().height()); }

 private:
  void addBand(const Curve& curve) {
    QVector<double> steps, lows, highs;
    for (const ValueRange& range : curve.band) {
      steps << range.step;
      lows << range.low;
      highs << range.high;
    }
    QColor fill = curve.style.line;
    fill.setAlphaF(0.2F);
    QCPGraph* bottom = m_plot.addGraph();
    QCPGraph* top = m_plot.addGraph();
    for (QCPGraph* graph : {bottom, top}) graph->setPen(Qt::NoPen);
    bottom->setData(steps, lows, true);
    top->setData(steps, highs, true);
    top->setBrush(fill);
    top->setChannelFillGraph(bottom);
    for (QCPGraph* graph : {bottom, top}) graph->setLayer(QStringLiteral("grid"));
  }

  void nameCurves(const FigureOptions& options) {
    const QFont font = figureFont(options, tickSize_pt(options));
    if (options.labels) {
      double width = 0;
      for (const Curve& curve : m_curves) width = std::max(width, QFontMetricsF(font).horizontalAdvance(curve.name));
      const double height = QFontMetricsF(font).height();
      QCPAxisRect* area = m_plot.axisRect();
      area->setMinimumMargins(area->minimumMargins() + QMargins(0, 0, static_cast<int>(std::ceil(width + height * 1.1)), 0));
      m_labels = new EndLabels(&m_plot, m_curves, font);
      return;
    }
    if (options.legend == FigureLegend::None) return;
    std::vector<LegendEntry> entries;
    for (const Curve& curve : m_curves) entries.push_back({curve.name, curve.style, LegendEntry::Sample::Line});
    LegendLook look;
    look.font = font;
    look.text = Qt::black;
    look.ground = Qt::white;
    look.edge = QColor(0x8D, 0x96, 0xA2);
    look.lineWidth = options.lineWidth_pt * kUnitsPerPoint;
    look.columns = entries.size() > 6 ? 2 : 1;
    // Losses fall: what starts at the top left leaves the top right free.
    const bool isFree = options.legend != FigureLegend::Auto && options.legend != FigureLegend::Below;
    new BoxLegend(&m_plot, std::move(entries), look, isFree ? options.legend : FigureLegend::TopRight);
  }

  std::vector<Curve> m_curves;
  QCustomPlot m_plot;
  EndLabels* m_labels = nullptr;  // owned by the plot
};

}  // namespace

Result<std::unique_ptr<FigureScene>> makeCurvesScene(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  if (runs.empty()) return fail(ErrorCode::InvalidInput, "There is no run to plot.");
  if (curvesOf(options, runs).empty())
    return fail(ErrorCode::InvalidInput, "No run has a point of " + options.metric + " yet, so there is no curve to plot.");
  return std::make_unique<CurvesScene>(options, runs);
}

QString curvesCsv(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  const QString value = QString::fromStdString(options.metric).section(u'/', -1);
  QStringList header{QStringLiteral("id"), QStringLiteral("name"), QStringLiteral("step"), value};
  if (options.smoothing > 0) header << value + QStringLiteral("_average");
  QStringList lines{header.join(u',')};
  for (const FigureRun& run : runs) {
    const std::vector<double> average = movingAverage(run.series.points, std::clamp(options.smoothing, 0.0, 0.9999));
    for (std::size_t i = 0; i < run.series.points.size(); ++i) {
      const store::MetricPoint& point = run.series.points[i];
      QStringList row{QString::number(run.summary.id.value), csvField(QString::fromStdString(run.summary.name)), QString::number(point.step),
                      csvNumber(point.value)};
      if (options.smoothing > 0) row << csvNumber(average[i]);
      lines << row.join(u',');
    }
  }
  return lines.join(u'\n') + u'\n';
}

}  // namespace weft::ui
