// ui/monitor/job_text.h -- a job's progress in words: for its card, for the line above the charts, and for screen
// readers.
#pragma once

#include <QString>
#include <QStringList>

#include "engine/store/run_store.h"

namespace weft::ui {

// 0..1: of the steps, or of the present phase where there are none.
double jobProgress(const store::RunSummary& run);
// Remaining tokens at the present rate; before there is one, at the mean pace so far. nullopt for a job that does not
// run.
std::optional<double> jobTimeLeft_s(const store::RunSummary& run, double now_s);
// Since the first attempt started, until it ended.
std::optional<double> jobElapsed_s(const store::RunSummary& run, double now_s);

QString stepText(const store::RunSummary& run);    // "4,410 of 7,153", "-"
QString deviceText(const store::RunSummary& run);  // "cuda:0"
// "heartbeat 4 s ago", "no sign of life for 12 min"; empty for a job that does not run.
QString heartbeatText(const store::RunSummary& run, double now_s);
// Whether its last heartbeat is so old that the user should be told.
bool isQuiet(const store::RunSummary& run, double now_s);
// "Finished, perplexity 13.54", "Failed: ...", "Queued"
QString outcomeText(const store::RunSummary& run);
// The line above the charts: step, elapsed, left, device, attempt, checkpoint.
QStringList jobFacts(const store::RunSummary& run, const std::vector<store::Checkpoint>& checkpoints, double now_s);

}  // namespace weft::ui
