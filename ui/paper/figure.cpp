#include "ui/paper/figure.h"

#include <QFileInfo>
#include <algorithm>
#include <cmath>

#include "engine/base/files.h"
#include "ui/paper/figure_file.h"
#include "ui/paper/figure_scene.h"

namespace weft::ui {
namespace {

double newestRun_s(const std::vector<FigureRun>& runs) {
  double newest = 0;
  for (const FigureRun& run : runs) newest = std::max({newest, run.summary.updated, run.summary.created});
  return newest;
}

QByteArray bytesOf(const QString& format, FigureScene& scene, const FigureOptions& options,
                   const std::vector<FigureRun>& runs) {
  if (format == QStringLiteral("pdf")) return pdfOf(scene, options, newestRun_s(runs));
  if (format == QStringLiteral("svg")) return svgOf(scene, options);
  return pngOf(scene, options);
}

}  // namespace

Result<FigureFile> renderFigure(const QString& format, const FigureOptions& options,
                                const std::vector<FigureRun>& runs) {
  static const QStringList formats{QStringLiteral("pdf"), QStringLiteral("svg"), QStringLiteral("png"),
                                   QStringLiteral("csv")};
  if (!formats.contains(format))
    return fail(ErrorCode::InvalidInput,
                "A figure is written as .pdf, .svg, .png or .csv, not as ." + format.toStdString() + ".");
  // Also for CSV: what cannot be drawn has no data either.
  WEFT_ASSIGN(const std::unique_ptr<FigureScene> scene, FigureScene::create(options, runs));
  FigureFile file;
  if (format == QStringLiteral("csv")) {
    file.bytes = figureCsv(options, runs);
    file.checks << rowsSentence(figureRows(options, runs));
    return file;
  }
  file.bytes = bytesOf(format, *scene, options, runs);
  if (format == QStringLiteral("pdf")) inspectPdf(file.bytes, file);
  if (format == QStringLiteral("svg")) inspectSvg(file.bytes, options.svgText, file);
  if (format == QStringLiteral("png")) inspectPng(file.bytes, file);
  WEFT_ASSIGN(const std::unique_ptr<FigureScene> again, FigureScene::create(options, runs));
  if (bytesOf(format, *again, options, runs) == file.bytes)
    file.checks << QStringLiteral("same bytes when exported twice");
  else
    file.problems << QStringLiteral("other bytes when exported twice");
  file.problems += scene->problems();
  return file;
}

QByteArray figureCsv(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  switch (options.kind) {
    case FigureKind::Pareto:
      return paretoCsv(options, runs).toUtf8();
    case FigureKind::Curves:
      return curvesCsv(options, runs).toUtf8();
    case FigureKind::SharingMaps:
      return mapsCsv(runs).toUtf8();
  }
  return {};
}

std::size_t figureRows(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  if (options.kind != FigureKind::Curves) return static_cast<std::size_t>(figureCsv(options, runs).count('\n')) - 1;
  std::size_t rows = 0;
  for (const FigureRun& run : runs) rows += run.series.points.size();
  return rows;
}

QString rowsSentence(std::size_t rows) {
  return rows == 1 ? QStringLiteral("1 row, the plotted values in full")
                   : QStringLiteral("%1 rows, the plotted values in full").arg(rows);
}

Result<void> writeFigure(const QString& path, const FigureOptions& options, const std::vector<FigureRun>& runs) {
  const QString ending = QFileInfo(path).suffix().toLower();
  if (ending.isEmpty())
    return fail(ErrorCode::InvalidInput, path.toStdString() + " must end in .pdf, .svg, .png or .csv.");
  WEFT_ASSIGN(const FigureFile file, renderFigure(ending, options, runs));
  return writeFileAtomically(path.toStdString(),
                             std::string_view(file.bytes.constData(), static_cast<std::size_t>(file.bytes.size())));
}

std::vector<std::size_t> paretoFrontier(const std::vector<store::RunSummary>& runs) {
  std::vector<std::pair<double, double>> points;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto x = valueOf(runs[i], ParetoX::KvBytes);
    const auto y = valueOf(runs[i], ParetoY::Perplexity);
    if (!x || !y) continue;
    points.emplace_back(*x, *y);
    indices.push_back(i);
  }
  std::vector<std::size_t> frontier;
  for (const std::size_t i : frontierOf(points)) frontier.push_back(indices[i]);
  return frontier;
}

}  // namespace weft::ui
