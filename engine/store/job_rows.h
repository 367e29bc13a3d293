// engine/store/job_rows.h -- a row of `job` as a value. Internal to engine/store.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

#include "engine/store/job.h"

namespace weft::store {

// The jobs that a condition leaves ("WHERE ... ORDER BY ..."), with what they need.
std::vector<Job> jobsWhere(SQLite::Database& connection, const std::string& condition);

// Those that run, or that somebody has to do something with before they end; of the column `state`.
inline constexpr const char* kIsActive = "state IN ('starting', 'running', 'stopping')";
inline constexpr const char* kIsWaiting = "state IN ('queued', 'held', 'paused')";
// The order of goesBefore().
inline constexpr const char* kQueueOrder = "ORDER BY priority DESC, position, id";

}  // namespace weft::store
