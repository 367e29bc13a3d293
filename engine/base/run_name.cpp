#include "engine/base/run_name.h"

#include <fmt/format.h>

#include <string>

#include "engine/base/text.h"

namespace weft {

Result<void> checkRunName(std::string_view name) {
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorCode::InvalidInput, fmt::format("The run's name is '{}'; {}.", shortened(name), why));
  };
  constexpr std::size_t kLongest = 200;
  if (trim(name).empty()) return fail(ErrorCode::InvalidInput, "The run's name is empty; give it a word.");
  if (name.size() > kLongest)
    return wrong(fmt::format("it has {} bytes, and at most {} are possible", name.size(), kLongest));
  // What a message may not show is also what nobody can type.
  if (presentable(std::string(name)) != name)
    return wrong("it must be UTF-8 without line breaks and other control characters");
  if (const std::size_t at = name.find_first_of("@/,"); at != std::string_view::npos) {
    return wrong(
        fmt::format("it must be without '{}', which means something else where a run is named (RUN@best, a "
                    "folder, a list)",
                    name[at]));
  }
  if (name.front() == '-') return wrong("in front a '-' would make it an option");
  if (name != trim(name)) return wrong("it must neither begin nor end with a blank");
  if (name.find_first_not_of("0123456789") == std::string_view::npos)
    return wrong("it would be taken for a run's number; give it a letter");
  return {};
}

}  // namespace weft
