#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

#include "ui/models/qt_text.h"
#include "ui/paper/figure_scene.h"
#include "ui/plot/axis_ticker.h"
#include "ui/plot/pareto_item.h"
#include "ui/plot/tickers.h"

namespace weft::ui {
namespace {

std::vector<store::RunSummary> summaries(const std::vector<FigureRun>& runs) {
  std::vector<store::RunSummary> result;
  for (const FigureRun& run : runs) result.push_back(run.summary);
  return result;
}

ParetoData figureData(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  return paretoData(summaries(runs), options.x, options.y, options.paperTable ? References::Show : References::Hide);
}

ParetoLook paperLook(const FigureOptions& options) {
  ParetoLook look;
  look.theme = &Theme::light();
  look.ground = Qt::white;
  look.text = Qt::black;
  look.weakText = QColor(0x4A, 0x52, 0x5D);
  look.band = QColor(0xCD, 0xD2, 0xD9);
  look.edge = QColor(0x8D, 0x96, 0xA2);
  look.font = figureFont(options, tickSize_pt(options));
  look.markerRadius = options.markerSize_pt / 2 * kUnitsPerPoint;
  look.lineWidth = options.lineWidth_pt * kUnitsPerPoint;
  look.bandWidth = 3.2 * options.lineWidth_pt * kUnitsPerPoint;
  look.dashes = Dashes::Yes;
  look.showsFrontier = options.frontier;
  look.showsDominated = options.dominated;
  look.showsLabels = options.labels;
  switch (options.legend) {
    case FigureLegend::Auto:
      look.legend = ParetoLook::Legend::Auto;
      break;
    case FigureLegend::TopRight:
      look.legend = ParetoLook::Legend::TopRight;
      break;
    case FigureLegend::TopLeft:
      look.legend = ParetoLook::Legend::TopLeft;
      break;
    case FigureLegend::BottomLeft:
      look.legend = ParetoLook::Legend::BottomLeft;
      break;
    case FigureLegend::BottomRight:
      look.legend = ParetoLook::Legend::BottomRight;
      break;
    case FigureLegend::Below:
    case FigureLegend::None:
      look.legend = ParetoLook::Legend::None;
      break;
  }
  return look;
}

// The legend under the axes: a row of the plot's own layout.
class LegendElement : public QCPLayoutElement {
 public:
  LegendElement(QCustomPlot* plot, std::vector<LegendEntry> entries, const LegendLook& look, double width)
      : QCPLayoutElement(plot), m_entries(std::move(entries)), m_look(look) {
    m_look.columns = static_cast<int>(m_entries.size());
    while (m_look.columns > 1 && legendSize(m_entries, m_look).width() > width) --m_look.columns;
    m_look.ground = QColor();
    setMinimumMargins(QMargins());
    const int height = static_cast<int>(std::ceil(legendSize(m_entries, m_look).height()));
    setMinimumSize(0, height);
    setMaximumSize(QWIDGETSIZE_MAX, height);
  }

 protected:
  void applyDefaultAntialiasingHint(QCPPainter* painter) const override { painter->setAntialiasing(true); }
  void draw(QCPPainter* painter) override {
    const QSizeF size = legendSize(m_entries, m_look);
    paintLegend(*painter, QPointF(rect().left() + (rect().width() - size.width()) / 2, rect().top()), m_entries,
                m_look);
  }

 private:
  std::vector<LegendEntry> m_entries;
  LegendLook m_look;
};

QString xTitle(const FigureOptions& options, const ParetoData& data, bool isLog) {
  QStringList remarks;
  if (!unitOf(options.x).isEmpty()) remarks << QStringLiteral("bytes");
  if (!data.kvTypes.isEmpty()) remarks << data.kvTypes;
  if (isLog) remarks << QStringLiteral("log scale");
  return remarks.isEmpty() ? titleOf(options.x)
                           : QStringLiteral("%1 (%2)").arg(titleOf(options.x), remarks.join(QStringLiteral(", ")));
}

class ParetoScene : public FigureScene {
 public:
  ParetoScene(const FigureOptions& options, ParetoData data) : FigureScene(figureSize(options)) {
    setUpPaperPlot(m_plot, options);
    m_item = new ParetoItem(&m_plot);
    m_item->setLook(paperLook(options));
    m_item->setBaseline(options.baseline);
    setAxes(options, data);
    if (const ParetoPoint* baseline = data.find(options.baseline)) {
      addGuide(QLineF(baseline->x, m_plot.yAxis->range().lower, baseline->x, m_plot.yAxis->range().upper), options);
      addGuide(QLineF(m_plot.xAxis->range().lower, baseline->y, m_plot.xAxis->range().upper, baseline->y), options);
    }
    m_item->setData(std::move(data));
    if (options.legend == FigureLegend::Below) putLegendBelow(options);
    if (options.legend == FigureLegend::Auto) {
      // Laid out once to see what the legend covers.
      QImage scratch(16, 16, QImage::Format_RGB32);
      QCPPainter painter(&scratch);
      FigureScene::paint(painter);
      if (m_item->legendCoversPoints()) {
        ParetoLook look = m_item->look();
        look.legend = ParetoLook::Legend::None;
        m_item->setLook(look);
        putLegendBelow(options);
      }
    }
  }

  QStringList problems() const override {
    if (m_item->labelsLeftOut() == 0) return {};
    return {m_item->labelsLeftOut() == 1 ? QStringLiteral("1 label had no room")
                                         : QStringLiteral("%1 labels had no room").arg(m_item->labelsLeftOut())};
  }

 protected:
  void paintInto(QCPPainter& painter) override { m_plot.toPainter(&painter, size().width(), size().height()); }

 private:
  void setAxes(const FigureOptions& options, const ParetoData& data) {
    std::vector<double> xs, ys;
    for (const ParetoPoint& point : data.points) {
      if (!m_item->isShown(point)) continue;
      xs.push_back(point.x);
      ys.push_back(point.y);
    }
    const auto [xLow, xHigh] = std::minmax_element(xs.begin(), xs.end());
    const auto [yLow, yHigh] = std::minmax_element(ys.begin(), ys.end());
    const bool isLogX = isLogMemory(*xLow, *xHigh), isLogY = isLogQuality(*yLow, *yHigh);
    const auto apply = [](QCPAxis* axis, bool isLog, double low, double high, const std::vector<double>& values,
                          int maximumTicks) {
      axis->setScaleType(isLog ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
      axis->setRange(isLog ? niceLogRange(low, high) : niceRange(low, high));
      if (isLog) {
        const auto ticker = QSharedPointer<DoublingTicker>::create();
        ticker->setValues(values);
        ticker->setMaximumTicks(maximumTicks);
        axis->setTicker(ticker);
      } else {
        axis->setTicker(QSharedPointer<AxisTicker>::create());
      }
    };
    apply(m_plot.xAxis, isLogX, *xLow, *xHigh, xs, static_cast<int>(std::max(3.0, options.width_in * 1.45)));
    apply(m_plot.yAxis, isLogY, *yLow, *yHigh, {1}, 8);
    if (!isLogX) {
      // The last number of a linear axis stands at its very end.
      const double width =
          QFontMetricsF(m_plot.xAxis->tickLabelFont()).horizontalAdvance(tickText(m_plot.xAxis->range().upper, 1));
      QCPAxisRect* area = m_plot.axisRect();
      area->setMinimumMargins(area->minimumMargins() + QMargins(0, 0, static_cast<int>(std::ceil(width / 2)), 0));
    }
    m_plot.xAxis->setLabel(xTitle(options, data, isLogX));
    m_plot.yAxis->setLabel(isLogY ? QStringLiteral("%1 (log scale)").arg(titleOf(options.y)) : titleOf(options.y));
  }

  void addGuide(const QLineF& line, const FigureOptions& options) {
    auto* guide = new QCPItemLine(&m_plot);
    guide->setSelectable(false);
    guide->start->setCoords(line.p1());
    guide->end->setCoords(line.p2());
    guide->setPen(dashedPen(QColor(0x4A, 0x52, 0x5D), options.lineWidth_pt / 2 * kUnitsPerPoint, {3, 3}));
    guide->setLayer(QStringLiteral("grid"));
  }

  void putLegendBelow(const FigureOptions& options) {
    auto* legend = new LegendElement(&m_plot, m_item->legendEntries(), m_item->legendLook(), size().width() * 0.96);
    // The axes keep their golden ratio; a height that was asked for is kept.
    if (options.height_in <= 0)
      setSize({size().width(), wholePoints(size().height() + legend->minimumSize().height())});
    m_plot.plotLayout()->setRowSpacing(0);
    m_plot.plotLayout()->addElement(1, 0, legend);
  }

  QCustomPlot m_plot;
  ParetoItem* m_item;  // owned by the plot
};

}  // namespace

Result<std::unique_ptr<FigureScene>> makeParetoScene(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  ParetoData data = figureData(options, runs);
  if (std::all_of(data.points.begin(), data.points.end(),
                  [](const ParetoPoint& point) { return point.isReference(); })) {
    const std::string what = options.y == ParetoY::LastLoss ? "a loss" : "a perplexity";
    return fail(ErrorCode::InvalidInput, runs.empty() ? "There is no run to plot."
                                                      : "No run has " + what + " yet, so there is no point to plot.");
  }
  return std::make_unique<ParetoScene>(options, std::move(data));
}

QString paretoCsv(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  const ParetoData data = figureData(options, runs);
  const QString xName = options.x == ParetoX::KvBytes      ? QStringLiteral("kv_bytes_per_token")
                        : options.x == ParetoX::KvMeasured ? QStringLiteral("kv_bytes_measured")
                                                           : QStringLiteral("parameters");
  const QString yName = options.y == ParetoY::Perplexity       ? QStringLiteral("perplexity")
                        : options.y == ParetoY::BestPerplexity ? QStringLiteral("best_perplexity")
                                                               : QStringLiteral("loss");
  const ParetoPoint* baseline = data.find(options.baseline);
  QStringList header{QStringLiteral("id"),     QStringLiteral("name"),       QStringLiteral("map"), xName, yName,
                     QStringLiteral("family"), QStringLiteral("on_frontier")};
  if (baseline) header << yName + QStringLiteral("_minus_baseline");
  QStringList lines{header.join(u',')};
  auto next = runs.begin();
  for (const ParetoPoint& point : data.points) {
    // The points are in the order of the runs, then the references.
    const auto run = std::find_if(next, runs.end(), [&](const FigureRun& one) { return one.summary.id == point.run; });
    if (run != runs.end()) next = run;
    if (!options.dominated && !point.isOnFrontier && !point.isReference()) continue;
    QStringList row{point.isReference() ? QString() : QString::number(point.run.value),
                    csvField(point.name),
                    run == runs.end() ? QString() : csvField(QString::fromStdString(run->summary.map)),
                    csvNumber(point.x),
                    csvNumber(point.y),
                    csvField(point.family.name),
                    point.isOnFrontier ? QStringLiteral("1") : QStringLiteral("0")};
    if (baseline) row << csvNumber(point.y - baseline->y);
    lines << row.join(u',');
  }
  return lines.join(u'\n') + u'\n';
}

}  // namespace weft::ui
