// engine/store/run_columns.h -- the described fields of a run as columns of SQL. Internal to engine/store.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <optional>
#include <string>

#include "engine/store/run_fields.h"

namespace weft::store {

// "run.id, run.name, job.state, ...": the stored fields in the order of runFields(), for a SELECT that joins `run`,
// `run_summary` and the `job` that is the run's training.
std::string runColumns();
// "id, name, ...": those of one place, for an INSERT or UPDATE of its table, or a SELECT from it alone.
std::string runColumns(FieldPlace place);
// "?, ?, ...": a mark for each of them.
std::string marksFor(FieldPlace place);

// The columns of runColumns() or runColumns(place) from `at` on; returns the first one behind them.
int readRunColumns(const SQLite::Statement& row, RunSummary& run, std::optional<FieldPlace> place = std::nullopt,
                   int at = 0);
// Their values, in the same order; returns the last index that was bound.
int bindRunColumns(SQLite::Statement& statement, const RunSummary& run, FieldPlace place, int at = 0);

}  // namespace weft::store
