#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

#include "engine/protocol/metrics.h"
#include "ui/models/qt_text.h"
#include "ui/paper/curve_choice.h"
#include "ui/paper/figure_scene.h"
#include "ui/plot/axis_ticker.h"
#include "ui/plot/end_labels.h"
#include "ui/plot/plot_legend.h"
#include "ui/plot/series_style.h"
#include "ui/plot/smoothing.h"

namespace weft::ui {
namespace {

constexpr int kColumns = 2000, kBandPieces = 360;
constexpr double kLogFrom = 30;
constexpr double kWidestName = 0.34;      // of the figure, for the names beside the plot
constexpr double kHighestLegend = 0.45;   // of the figure
constexpr std::size_t kMostEntries = 24;  // of a legend

struct Curve {
  store::RunId run;
  QString name;
  LineStyle style;
  // Thinned to what the width can show; NaN is a gap.
  QVector<double> steps, values;
  std::vector<ValueRange> band;
  double last = 0;
};

QString metricTitle(const std::string& metric) { return QString::fromStdString(protocol::axisTitle(metric)); }

// The curves to draw: of more than can be told apart, those that leaveOutCurves() would keep, by what they end with.
std::vector<Curve> curvesOf(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  struct Candidate {
    const FigureRun* run;
    QString label;
    std::vector<double> shown;
  };
  std::vector<Candidate> candidates;
  std::vector<double> ends;
  std::optional<std::size_t> baseline;
  const QStringList labels = figureLabels(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const FigureRun& run = runs[i];
    if (run.isLeftOut || run.series.points.empty()) continue;
    std::vector<double> shown = movingAverage(run.series.points, std::clamp(options.smoothing, 0.0, 0.9999));
    const auto last = std::find_if(shown.rbegin(), shown.rend(), [](double value) { return std::isfinite(value); });
    if (last == shown.rend()) continue;
    if (run.summary.id == options.baseline && options.baseline.value != 0) baseline = candidates.size();
    ends.push_back(*last);
    candidates.push_back({&run, labels[static_cast<qsizetype>(i)], std::move(shown)});
  }
  const std::vector<std::size_t> chosen = evenRanks(ends, kMostCurves, baseline);
  std::vector<store::RunId> ids;
  for (const std::size_t i : chosen) ids.push_back(candidates[i].run->summary.id);
  const std::vector<int> styles = styleNumbers(ids);
  std::vector<Curve> curves;
  for (const std::size_t i : chosen) {
    const FigureRun& run = *candidates[i].run;
    const std::vector<store::MetricPoint>& points = run.series.points;
    Curve curve{.run = run.summary.id,
                .name = candidates[i].label,
                .style = lineStyle(styles[curves.size()], Theme::light()),
                .steps = {},
                .values = {},
                .band = {},
                .last = ends[i]};
    for (const std::size_t place : thinned(points, candidates[i].shown, kColumns)) {
      curve.steps << static_cast<double>(points[place].step);
      curve.values << candidates[i].shown[place];
    }
    if (options.smoothing > 0 && options.rawBand && chosen.size() <= kMostBands)
      curve.band = valueRanges(points, kBandPieces);
    if (run.summary.id == options.baseline) {
      curve.style = LineStyle{Theme::light().series[7]};
      curve.name += QStringLiteral(", baseline");
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

// The names at the right end of their curves, in the margin; pushed apart where ends lie close, and no more than have
// room below each other.
class EndLabels : public QCPAbstractItem {
 public:
  EndLabels(QCustomPlot* plot, const std::vector<Curve>& curves, store::RunId baseline, const QFont& font, double width)
      : QCPAbstractItem(plot), m_curves(curves), m_baseline(baseline), m_font(font), m_width(width) {
    setClipToAxisRect(false);
    setSelectable(false);
  }
  double selectTest(const QPointF&, bool, QVariant*) const override { return -1; }
  std::size_t leftOut() const { return m_leftOut; }

 protected:
  void draw(QCPPainter* painter) override {
    const QRectF area = clipAxisRect()->rect();
    const QFontMetricsF metrics(m_font);
    const double height = metrics.ascent() + metrics.descent();
    std::vector<double> ends;
    std::optional<std::size_t> baseline;
    for (const Curve& curve : m_curves) {
      if (curve.run == m_baseline) baseline = ends.size();
      ends.push_back(clipAxisRect()->axis(QCPAxis::atLeft)->coordToPixel(curve.last));
    }
    const std::vector<EndLabel> labels = placeEndLabels(ends, height, area.top(), area.bottom(), baseline);
    m_leftOut = m_curves.size() - labels.size();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setFont(m_font);
    const double gap = height * 0.9;
    for (const EndLabel& label : labels) {
      const Curve& curve = m_curves[label.curve];
      painter->setPen(QPen(curve.style.line, height / 18));
      painter->drawLine(QLineF(area.right() + height * 0.15, ends[label.curve], area.right() + gap * 0.85, label.y));
      painter->setPen(QPen(curve.style.ink));
      painter->drawText(QPointF(area.right() + gap, label.y + (metrics.ascent() - metrics.descent()) / 2),
                        metrics.elidedText(curve.name, Qt::ElideMiddle, m_width));
    }
  }

 private:
  const std::vector<Curve>& m_curves;
  store::RunId m_baseline;
  QFont m_font;
  double m_width;
  std::size_t m_leftOut = 0;
};

// A sentence above the axes: a row of the plot's own layout.
class NoteElement : public QCPLayoutElement {
 public:
  NoteElement(QCustomPlot* plot, const QString& text, const QFont& font, double width)
      : QCPLayoutElement(plot), m_text(text), m_font(font) {
    const double height = QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 1e4), kFlags, text).height() +
                          QFontMetricsF(font).descent();
    setMinimumMargins(QMargins());
    setMinimumSize(0, static_cast<int>(std::ceil(height)));
    setMaximumSize(QWIDGETSIZE_MAX, static_cast<int>(std::ceil(height)));
  }

 protected:
  static constexpr int kFlags = static_cast<int>(Qt::AlignLeft | Qt::AlignTop) | Qt::TextWordWrap;
  void applyDefaultAntialiasingHint(QCPPainter* painter) const override { painter->setAntialiasing(true); }
  void draw(QCPPainter* painter) override {
    painter->setFont(m_font);
    painter->setPen(QColor(0x4A, 0x52, 0x5D));
    painter->drawText(QRectF(rect()), kFlags, m_text);
  }

 private:
  QString m_text;
  QFont m_font;
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
    paintLegend(
        *painter,
        QPointF(isLeft ? area.left() : area.right() - size.width(), isLow ? area.bottom() - size.height() : area.top()),
        m_entries, m_look);
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
    // Entries of QCustomPlot's own legend, which is never shown, are laid out at every drawing, and each removal walks
    // over all that are left.
    m_plot.setAutoAddPlottableToLegend(false);
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
    m_plot.yAxis->setLabel(isLog ? QStringLiteral("%1 (log scale)").arg(metricTitle(options.metric))
                                 : metricTitle(options.metric));
    nameCurves(options);
    if (const QString sentence = thinningSentence(drawnCurves(runs)); !sentence.isEmpty()) {
      m_problems << sentence.chopped(1);
      m_plot.plotLayout()->insertRow(0);
      m_plot.plotLayout()->addElement(
          0, 0, new NoteElement(&m_plot, sentence, figureFont(options, tickSize_pt(options)), size().width()));
      m_plot.plotLayout()->setRowSpacing(0);
    }
  }

  QStringList problems() const override {
    QStringList found = m_problems;
    if (const std::size_t count = m_labels ? m_labels->leftOut() : 0; count > 0)
      found << (count == 1 ? QStringLiteral("1 name had no room beside the plot")
                           : QStringLiteral("%1 names had no room beside the plot").arg(count));
    return found;
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
      width = std::min(width, size().width() * kWidestName);
      const double height = QFontMetricsF(font).height();
      QCPAxisRect* area = m_plot.axisRect();
      area->setMinimumMargins(area->minimumMargins() +
                              QMargins(0, 0, static_cast<int>(std::ceil(width + height * 1.1)), 0));
      m_labels = new EndLabels(&m_plot, m_curves, options.baseline, font, width);
      return;
    }
    if (options.legend == FigureLegend::None) return;
    LegendLook look;
    look.font = font;
    look.text = Qt::black;
    look.ground = Qt::white;
    look.edge = QColor(0x8D, 0x96, 0xA2);
    look.lineWidth = options.lineWidth_pt * kUnitsPerPoint;
    look.columns = m_curves.size() > 6 ? 2 : 1;
    std::vector<LegendEntry> entries = legendEntries(options, look);
    // Losses fall: what starts at the top left leaves the top right free.
    const bool isFree = options.legend != FigureLegend::Auto && options.legend != FigureLegend::Below;
    new BoxLegend(&m_plot, std::move(entries), look, isFree ? options.legend : FigureLegend::TopRight);
  }

  // As many as leave the plot its room; the last one counts the others.
  std::vector<LegendEntry> legendEntries(const FigureOptions& options, const LegendLook& look) {
    const auto entryOf = [](const Curve& curve) {
      return LegendEntry{.text = curve.name,
                         .style = curve.style,
                         .sample = LegendEntry::Sample::Line,
                         .widthFactor = curve.style.widthFactor};
    };
    std::vector<double> ends;
    std::optional<std::size_t> baseline;
    for (const Curve& curve : m_curves) {
      if (curve.run == options.baseline) baseline = ends.size();
      ends.push_back(curve.last);
    }
    const double row =
        legendSize({entryOf(m_curves.front()), entryOf(m_curves.front())}, LegendLook{.font = look.font}).height() -
        legendSize({entryOf(m_curves.front())}, LegendLook{.font = look.font}).height();
    const auto rows = static_cast<std::size_t>(std::max(2.0, size().height() * kHighestLegend / row));
    const std::size_t most = std::min(kMostEntries, rows * static_cast<std::size_t>(look.columns));
    std::vector<LegendEntry> entries;
    for (const std::size_t i : evenRanks(ends, m_curves.size() <= most ? most : most - 1, baseline))
      entries.push_back(entryOf(m_curves[i]));
    if (entries.size() == m_curves.size()) return entries;
    const std::size_t others = m_curves.size() - entries.size();
    m_problems << QStringLiteral("%1 names had no room in the legend").arg(others);
    LegendEntry more{
        .text = QStringLiteral("and %1 more").arg(others), .style = {}, .sample = LegendEntry::Sample::Line};
    more.style.line = Qt::transparent;
    entries.push_back(more);
    return entries;
  }

  std::vector<Curve> m_curves;
  QStringList m_problems;
  QCustomPlot m_plot;
  EndLabels* m_labels = nullptr;  // owned by the plot
};

}  // namespace

Result<std::unique_ptr<FigureScene>> makeCurvesScene(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  if (runs.empty()) return fail(ErrorCode::InvalidInput, "There is no run to plot.");
  if (curvesOf(options, runs).empty())
    return fail(ErrorCode::InvalidInput,
                "No run has a point of " + options.metric + " yet, so there is no curve to plot.");
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
      QStringList row{QString::number(run.summary.id.value), csvField(QString::fromStdString(run.summary.name)),
                      QString::number(point.step), csvNumber(point.value)};
      if (options.smoothing > 0) row << csvNumber(average[i]);
      lines << row.join(u',');
    }
  }
  return lines.join(u'\n') + u'\n';
}

}  // namespace weft::ui
