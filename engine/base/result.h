// engine/base/result.h -- how an expected failure travels: Result<T> holds a value or one Error.
// Errors at the edges (a file, a configuration, the store, the protocol) are values; numerics throw, and only
// worker/JobRunner catches. The message is one sentence for a person: what, which file or field, what would be right.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace weft {

// One code = one reaction of the user interface and one exit code of the command line.
enum class ErrorCode {
  InvalidInput,  // the user's text, configuration or argument is wrong
  NotFound,      // a file, run, checkpoint or tokenizer that does not exist
  Io,            // the system refused to read or write
  Corrupt,       // a file is truncated or is not what it says
  NewerVersion,  // written by a newer Weft
  Busy,          // somebody else holds it: a lock, a locked store
  Unsupported,   // understood, but this build or machine cannot do it
  OutOfMemory,   // device or host memory
  Canceled,      // the user asked for it
  JobFailed,     // a worker ended without success
  Internal,      // our own fault
};

// The code's stable name in events and JSON: "invalid_input", "out_of_memory", ...
const char* toString(ErrorCode code);
// The inverse; Internal for a name that is none.
ErrorCode errorCodeFromString(const std::string& name);
// DESIGN.md section 6: 2 the input is wrong, 3 a job failed, 1 our fault.
int exitCode(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;  // one sentence, no trailing newline
  std::string detail;   // what a log should keep besides; may be empty
};

template <class T>
using Result = tl::expected<T, Error>;

// The text as a message may show it: one line of valid UTF-8. Control characters and ill-formed bytes, which come from
// quoted input, become '?'.
std::string presentable(std::string text);

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, presentable(std::move(message)), std::move(detail)});
}

}  // namespace weft

#define WEFT_CONCATENATE_INNER(a, b) a##b
#define WEFT_CONCATENATE(a, b) WEFT_CONCATENATE_INNER(a, b)
// Returns the error of a Result<...> expression from the enclosing function.
#define WEFT_TRY(expression)                                                     \
  do {                                                                           \
    auto&& weftTryResult = (expression);                                         \
    if (!weftTryResult) return tl::unexpected(std::move(weftTryResult).error()); \
  } while (false)
// WEFT_ASSIGN(auto config, loadRunConfig(path)): the value, or return the error.
#define WEFT_ASSIGN_INNER(name, declaration, expression)     \
  auto name = (expression);                                  \
  if (!name) return tl::unexpected(std::move(name).error()); \
  declaration = std::move(*name)
#define WEFT_ASSIGN(declaration, expression) \
  WEFT_ASSIGN_INNER(WEFT_CONCATENATE(weftAssigned, __LINE__), declaration, expression)
