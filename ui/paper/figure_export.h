// ui/paper/figure_export.h -- a figure into a file that the user names, without holding up the window: drawn at once,
// written by a thread of the pool.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "ui/paper/figure.h"

class QWidget;

namespace weft::ui {

// `done` gets what was written and checked; it is called on the GUI thread unless `context` is gone. The folder is made
// if it is not there.
using FigureDone = std::function<void(const Result<FigureFile>&)>;
void writeFigureInBackground(const QString& path, const FigureOptions& options, const std::vector<FigureRun>& runs,
                             QObject* context, FigureDone done);

// A file dialog that begins at `suggestion` (a path without ending). `chosen` gets the path, with the ending.
void askFigureFile(QWidget* parent, const QString& suggestion, const QString& format,
                   std::function<void(const QString& path)> chosen);

// "Exported to figures/pareto.pdf: 5.500 in wide, 3.403 in high; fonts embedded as TrueType, no Type 3." or the error's
// sentence.
QString exportSentence(const QString& path, const Result<FigureFile>& file);

}  // namespace weft::ui
