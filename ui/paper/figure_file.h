// ui/paper/figure_file.h -- a laid out figure as the bytes of a file, the same bytes every time.
#pragma once

#include <QByteArray>
#include <QString>

#include "ui/paper/figure_scene.h"

namespace weft::ui {

inline constexpr int kPngDotsPerInch = 300;

QByteArray pdfOf(FigureScene& scene, const FigureOptions& options, double newestRun_s);
QByteArray svgOf(FigureScene& scene, const FigureOptions& options);
QByteArray pngOf(FigureScene& scene, const FigureOptions& options);

// What a look at the bytes says: sentences that hold go to `checks`, the others to `problems`.
void inspectPdf(const QByteArray& pdf, FigureFile& file);
void inspectSvg(const QByteArray& svg, SvgText text, FigureFile& file);
void inspectPng(const QByteArray& png, FigureFile& file);

// Every <text> of Qt's SVG as the <path> of its glyphs.
QByteArray textAsOutlines(const QByteArray& svg);

}  // namespace weft::ui
