#include "engine/service/last_line.h"

#include "engine/base/files.h"
#include "engine/base/text.h"

namespace weft::service {

std::string lastLine(const std::filesystem::path& file) {
  constexpr std::uint64_t kTail = 8192;
  constexpr std::size_t kLongest = 300;
  const Result<std::string> text = readFileEnd(file, kTail);
  if (!text) return {};
  const std::string_view written = trim(*text);
  return std::string(trim(written.substr(written.rfind('\n') + 1)).substr(0, kLongest));
}

}  // namespace weft::service
