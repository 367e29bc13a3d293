// engine/store/run_values.h -- the newest value of every name that a run has (table run_value): columns of the run
// table without a column of the schema. Internal to engine/store; inside the caller's transaction.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "engine/store/run_store.h"

namespace weft::store {

// The number of a name in metric_name, which gets it if it is new.
std::int64_t nameId(SQLite::Database& connection, const std::string& name);

void putValue(SQLite::Database& connection, RunId run, std::int64_t nameId, double value);
// "task/number" of each of its numbers, "loss" and "perplexity" included; "valid/..." of training's own.
void putValues(SQLite::Database& connection, RunId run, const Evaluation& evaluation);
// "measurement/number" of each of its numbers.
void putValues(SQLite::Database& connection, RunId run, const Measurement& measurement);

// From what stands in the other tables: after a rollback of the series, and for a store that had no such table. Of all
// runs: RunId{0}.
void rebuildValues(SQLite::Database& connection, RunId run);

// Fills in `values` of these runs, which are in the order of their numbers; all: they are all runs of the store.
enum class Which { These, All };
void readValues(SQLite::Database& connection, std::vector<RunSummary>& runs, Which which);

}  // namespace weft::store
