#include "ui/paper/figure_scene.h"

#include <fmt/format.h>

#include <QFontDatabase>
#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/store/run_labels.h"
#include "ui/parts/theme.h"

// Q_INIT_RESOURCE must stand outside every namespace.
static void loadResources() { Q_INIT_RESOURCE(weft); }

namespace weft::ui {
namespace {

constexpr double kGoldenRatio = 1.618033988749895;
constexpr double kSmallest_in = 1, kLargest_in = 40;

// The bundled file itself, whatever fonts the user has chosen for the window: a figure is the same on every machine.
QString sansFamily() {
  static const QString family = [] {
    loadResources();
    const QStringList names = QFontDatabase::applicationFontFamilies(
        QFontDatabase::addApplicationFont(QStringLiteral(":/fonts/WeftSans-Regular.ttf")));
    return names.value(0, QStringLiteral("sans-serif"));
  }();
  return family;
}

QString serifFamily() {
  static const QString family = [] {
    const QStringList installed = QFontDatabase::families();
    for (const char* name : {"Times New Roman", "Tinos", "Liberation Serif", "TeX Gyre Termes", "Nimbus Roman",
                             "STIX Two Text", "DejaVu Serif"})
      if (installed.contains(QString::fromLatin1(name))) return QString::fromLatin1(name);
    return QStringLiteral("serif");
  }();
  return family;
}

}  // namespace

double tickSize_pt(const FigureOptions& options) {
  return options.tickSize_pt > 0 ? options.tickSize_pt : std::max(5.0, options.fontSize_pt - 2);
}

QStringList figureLabels(const std::vector<FigureRun>& runs) {
  std::vector<const store::RunSummary*> summaries;
  summaries.reserve(runs.size());
  for (const FigureRun& run : runs) summaries.push_back(&run.summary);
  QStringList labels;
  for (const std::string& label : store::runLabels(summaries)) labels << QString::fromStdString(label);
  return labels;
}

QFont figureFont(const FigureOptions& options, double size_pt) {
  QFont font(options.font == FigureFont::Serif ? serifFamily() : sansFamily());
  font.setStyleHint(options.font == FigureFont::Serif ? QFont::Serif : QFont::SansSerif);
  font.setPixelSize(std::max(1, static_cast<int>(std::lround(size_pt * kUnitsPerPoint))));
  font.setHintingPreference(QFont::PreferNoHinting);
  return font;
}

QSize figureSize(const FigureOptions& options) {
  const double height = options.height_in > 0 ? options.height_in : options.width_in / kGoldenRatio;
  return {wholePoints(options.width_in * kUnitsPerInch), wholePoints(height * kUnitsPerInch)};
}

int wholePoints(double units) { return static_cast<int>(std::round(units / kUnitsPerPoint) * kUnitsPerPoint); }

void setUpPaperPlot(QCustomPlot& plot, const FigureOptions& options, const QString& lastNumber) {
  const double pt = kUnitsPerPoint;
  plot.setBackground(Qt::NoBrush);  // the ground is painted once for every kind of figure
  plot.plotLayout()->setMargins(QMargins(0, 0, 0, 0));
  QCPAxisRect* area = plot.axisRect();
  // Half of a number may stand above the left axis and right of the lower one; QCustomPlot drops numbers that reach
  // over the edge.
  const QFontMetricsF numbers(figureFont(options, tickSize_pt(options)));
  area->setMinimumMargins(QMargins(qRound(2 * pt), qRound(numbers.height() / 2 + pt),
                                   qRound(numbers.horizontalAdvance(lastNumber) / 2 + 2 * pt), qRound(2 * pt)));
  area->setupFullAxesBox();
  area->setBackground(Qt::NoBrush);
  const QPen frame(Qt::black, 0.6 * pt, Qt::SolidLine, Qt::SquareCap);
  const QPen gridLine(QColor(0xDD, 0xE0, 0xE4), 0.4 * pt);
  for (QCPAxis* axis : area->axes()) {
    const bool isMain = axis->axisType() == QCPAxis::atBottom || axis->axisType() == QCPAxis::atLeft;
    axis->setBasePen(frame);
    axis->setTickPen(frame);
    axis->setTicks(isMain);
    axis->setTickLength(0, isMain ? qRound(2.5 * pt) : 0);
    axis->setSubTicks(false);
    axis->setTickLabels(isMain);
    axis->setTickLabelFont(figureFont(options, tickSize_pt(options)));
    axis->setTickLabelColor(Qt::black);
    axis->setTickLabelPadding(qRound(1.5 * pt));
    axis->setLabelFont(figureFont(options, options.fontSize_pt));
    axis->setLabelColor(Qt::black);
    axis->setLabelPadding(qRound(2 * pt));
    axis->grid()->setVisible(isMain && options.grid);
    axis->grid()->setPen(gridLine);
    axis->grid()->setSubGridVisible(false);
    axis->grid()->setZeroLinePen(Qt::NoPen);
  }
}

Result<std::unique_ptr<FigureScene>> FigureScene::create(const FigureOptions& options,
                                                         const std::vector<FigureRun>& runs) {
  const auto isSize = [](double inches) {
    return std::isfinite(inches) && inches >= kSmallest_in && inches <= kLargest_in;
  };
  if (!isSize(options.width_in) || (options.height_in != 0 && !isSize(options.height_in)))
    return fail(ErrorCode::InvalidInput, "A figure is between 1 and 40 inches wide and high.");
  if (!(options.fontSize_pt >= 4 && options.fontSize_pt <= 36))
    return fail(ErrorCode::InvalidInput, "The text of a figure is between 4 and 36 points high.");
  switch (options.kind) {
    case FigureKind::Pareto:
      return makeParetoScene(options, runs);
    case FigureKind::Curves:
      return makeCurvesScene(options, runs);
    case FigureKind::SharingMaps:
      return makeMapsScene(options, runs);
  }
  return fail(ErrorCode::Internal, "There is no figure of this kind.");
}

QString csvNumber(double value) { return QString::fromStdString(fmt::format("{}", value)); }

void FigureScene::paint(QPaintDevice* device, double scale) {
  QCPPainter painter;
  painter.begin(device);
  painter.scale(scale, scale);
  paint(painter);
  painter.end();
}

void FigureScene::paint(QCPPainter& painter) {
  painter.setModes(QCPPainter::pmVectorized | QCPPainter::pmNoCaching);
  painter.fillRect(QRect(QPoint(), m_size), Qt::white);
  painter.save();
  painter.setClipRect(QRect(QPoint(), m_size));
  paintInto(painter);
  painter.restore();
}

}  // namespace weft::ui
