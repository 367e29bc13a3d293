// engine/service/attempt_end.h -- what the end of an attempt means for its job.
#pragma once

#include <optional>
#include <string>

#include "engine/service/process.h"
#include "engine/store/service_writer.h"

namespace weft::service {

// `active`: with all events stored, so that its attempt's outcome is what the worker said last, "" if nothing. `end`:
// how the process ended, if this service saw it. `logLine`: what it complained of last (run_log.h), not a sentence of
// the job's course.
//   completed, stopped, paused, failed: what the worker said; "canceled" of a job that was asked to stop is Stopped, to
//     pause Paused (it begins anew);
//   nothing said: what was asked of it (kill; stop or pause that came before it could listen); else Failed with signal
//     or exit code;
//   nothing said and nobody watched: Lost.
store::AttemptEnd attemptEnd(const store::ActiveJob& active, const std::optional<ChildEnd>& end,
                             const std::string& logLine);

}  // namespace weft::service
