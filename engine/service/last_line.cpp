#include "engine/service/last_line.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/base/text.h"

namespace weft::service {

std::string lastLine(const std::filesystem::path& file) {
  constexpr std::streamoff kTail = 8192;
  constexpr std::size_t kLongest = 300;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return {};
  stream.seekg(std::max<std::streamoff>(0, stream.tellg() - kTail));
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const std::string_view written = trim(text);
  return std::string(trim(written.substr(written.rfind('\n') + 1)).substr(0, kLongest));
}

}  // namespace weft::service
