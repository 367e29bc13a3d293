// ui/models/table_export.h -- the run table as CSV and JSON text, and writing text files without holding up the window.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

class QObject;

namespace weft::ui {

QString runsAsCsv(const std::vector<store::RunSummary>& runs);
QString runsAsJson(const std::vector<store::RunSummary>& runs);  // the same keys as `weft runs --json`

// Written by a thread of the pool; `done` is called on the GUI thread unless `context` is gone.
void writeTextInBackground(const QString& path, const QString& text, QObject* context, std::function<void(const Result<void>&)> done);

}  // namespace weft::ui
