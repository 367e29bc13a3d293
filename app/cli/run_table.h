// app/cli/run_table.h -- runs as rows and as JSON, the same in every verb.
#pragma once

#include <string>
#include <vector>

#include "app/cli/output.h"
#include "engine/store/run_store.h"

namespace weft::cli {

Json runJson(const store::RunSummary& run);
Json runsJson(const std::vector<store::RunSummary>& runs);
// "cla2", else the text, shortened in the middle of long models.
std::string mapName(const store::RunSummary& run);
std::string stateName(const store::RunSummary& run);  // with the percentage while it runs
std::string runTable(const std::vector<store::RunSummary>& runs);
// perplexity, KV bytes per token analytic and measured, parameters, tokens/s: the demo's and compare's columns.
std::string resultTable(const std::vector<store::RunSummary>& runs);

}  // namespace weft::cli
