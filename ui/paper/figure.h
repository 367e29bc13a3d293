// ui/paper/figure.h -- a plot as a paper wants it: always white, width in inches, embedded fonts, and a data twin.
// Used by the pages' Export and by `weft-studio --export-figure` (the command line's `weft export --figure`). Drawing
// takes some 10 ms and belongs to the GUI thread (QCustomPlot is a widget; offscreen will do); writing the bytes may be
// done anywhere.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"
#include "ui/plot/pareto.h"

namespace weft::ui {

enum class FigureKind { Pareto, Curves, SharingMaps };
enum class FigureFont {
  Sans,
  Serif
};  // the bundled sans, which is the same everywhere, or the system's Times-like one
enum class FigureLegend {
  Auto,
  TopRight,
  TopLeft,
  BottomLeft,
  BottomRight,
  Below,
  None
};                                      // Auto: the corner that covers nothing, else below
enum class SvgText { Outlines, Text };  // outlines need no font where the figure is read

struct FigureRun {
  store::RunSummary summary;
  store::MetricSeries series;  // Curves only: the points of FigureOptions::metric
  bool isLeftOut = false;      // Curves only: it has a curve that is not drawn, one of too many (curve_choice.h); its
                               // points need not be here
};

struct FigureOptions {
  FigureKind kind = FigureKind::Pareto;
  double width_in = 5.5, height_in = 0;  // 0 = golden ratio (maps: what their rows need)
  double fontSize_pt = 9;
  double tickSize_pt = 0;  // ticks, labels, legend; 0 = 2 below fontSize_pt
  FigureFont font = FigureFont::Sans;
  double lineWidth_pt = 0.9, markerSize_pt = 6;
  bool labels = true;  // of points; of curves at their right end, instead of a legend
  bool grid = true;
  FigureLegend legend = FigureLegend::Auto;
  store::RunId
      baseline;  // 0: none. Named and with its lines drawn through the plot; the data twin gets a column of differences
  std::string title;  // of the document, not drawn

  ParetoX x = ParetoX::KvBytes;
  ParetoY y = ParetoY::Perplexity;
  bool frontier = true, dominated = true, paperTable = false;

  std::string metric = "train/loss";
  double smoothing = 0;  // weight of the past in the moving average, 0 = as it is, below 1
  bool rawBand = true;   // with smoothing: the range of the raw values behind the average

  SvgText svgText = SvgText::Outlines;
};

// By the ending: .pdf, .svg, .png (300 dpi), .csv (the plotted data). The old file stays if anything fails. Io,
// InvalidInput (another ending, a width that is none, nothing to plot).
[[nodiscard]] Result<void> writeFigure(const QString& path, const FigureOptions& options,
                                       const std::vector<FigureRun>& runs);

// The content of such a file, and what was found when it was looked at again: "5.500 in wide, 3.399 in high", "fonts
// embedded as TrueType, no Type 3".
struct FigureFile {
  QByteArray bytes;
  QStringList checks;    // that hold
  QStringList problems;  // that do not, and what was left out ("2 labels had no room")
};
// `format`: "pdf", "svg", "png", "csv". Same input, same bytes.
[[nodiscard]] Result<FigureFile> renderFigure(const QString& format, const FigureOptions& options,
                                              const std::vector<FigureRun>& runs);

// The plotted data as CSV, and how many rows it has. Any thread; a second for a million points.
QByteArray figureCsv(const FigureOptions& options, const std::vector<FigureRun>& runs);
std::size_t figureRows(const FigureOptions& options, const std::vector<FigureRun>& runs);
// "14 rows, the plotted values in full"
QString rowsSentence(std::size_t rows);

// Runs that no other run beats in both perplexity and KV bytes per token (indices into `runs`, by KV bytes ascending).
std::vector<std::size_t> paretoFrontier(const std::vector<store::RunSummary>& runs);

}  // namespace weft::ui
