#include "engine/base/result.h"

#include <array>
#include <cstddef>
#include <string>
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

namespace {

// Bytes of the well-formed UTF-8 sequence at `at`, 0 if there is none (Unicode 15, table 3-7).
std::size_t sequenceAt(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const unsigned lead = byte(0);
  const auto follows = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF)
    return follows(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  if (lead >= 0xF0 && lead <= 0xF4)
    return follows(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

}  // namespace

std::string presentable(std::string text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequenceAt(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    // C0, DEL and C1 (U+0080 to U+009F, C2 80 to C2 9F).
    const bool isControl = size == 1 ? first < 0x20 || first == 0x7F
                                     : size == 2 && first == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (size == 0 || isControl) {
      shown += '?';
      at += size == 0 ? 1 : size;
    } else {
      shown.append(text, at, size);
      at += size;
    }
  }
  return shown;
}

}  // namespace weft
