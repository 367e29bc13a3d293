// ui/models/table_export.h -- the run table as CSV and JSON text, and writing files without holding up the window.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/run_store.h"

class QObject;

namespace weft::ui {

// Every field, the same as `weft export runs` and `weft runs --json` give.
QString runsAsCsv(const std::vector<store::RunSummary>& runs);
QString runsAsJson(const std::vector<store::RunSummary>& runs);

// Written by a thread of the pool; `done` is called on the GUI thread unless `context` is gone.
void writeInBackground(const QString& path, const QByteArray& content, QObject* context,
                       std::function<void(const Result<void>&)> done);
// What became of it, for the status line.
QString exportedSentence(const QString& path, const Result<void>& written);

}  // namespace weft::ui
