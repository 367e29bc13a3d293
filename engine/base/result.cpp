#include "engine/base/result.h"

#include <array>
#include <utility>

namespace weft {

namespace {

constexpr std::array<std::pair<ErrorCode, const char*>, 11> kNames{{
    {ErrorCode::InvalidInput, "invalid_input"},
    {ErrorCode::NotFound, "not_found"},
    {ErrorCode::Io, "io"},
    {ErrorCode::Corrupt, "corrupt"},
    {ErrorCode::NewerVersion, "newer_version"},
    {ErrorCode::Busy, "busy"},
    {ErrorCode::Unsupported, "unsupported"},
    {ErrorCode::OutOfMemory, "out_of_memory"},
    {ErrorCode::Canceled, "canceled"},
    {ErrorCode::JobFailed, "job_failed"},
    {ErrorCode::Internal, "internal"},
}};

}  // namespace

const char* toString(ErrorCode code) {
  for (const auto& [known, name] : kNames) {
    if (known == code) return name;
  }
  return "internal";
}

ErrorCode errorCodeFromString(const std::string& name) {
  for (const auto& [code, known] : kNames) {
    if (name == known) return code;
  }
  return ErrorCode::Internal;
}

int exitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidInput:
    case ErrorCode::NotFound:
    case ErrorCode::Io:
    case ErrorCode::Corrupt:
    case ErrorCode::NewerVersion:
    case ErrorCode::Busy:
    case ErrorCode::Unsupported:
      return 2;
    case ErrorCode::OutOfMemory:
    case ErrorCode::Canceled:
    case ErrorCode::JobFailed:
      return 3;
    case ErrorCode::Internal:
      break;
  }
  return 1;
}

}  // namespace weft
