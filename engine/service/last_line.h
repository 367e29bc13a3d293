// engine/service/last_line.h -- what a program said last: the reason of most failures.
#pragma once

#include <filesystem>
#include <string>

namespace weft::service {
// The last line of the file that is not blank, at most 300 bytes of it; "" if there is none.
std::string lastLine(const std::filesystem::path& file);
}  // namespace weft::service
