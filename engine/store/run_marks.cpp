#include "engine/store/run_marks.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace weft::store {

std::vector<std::string> parseTags(std::string_view text) {
  std::vector<std::string> tags;
  for (const std::string& part : split(text, ',')) {
    const std::string tag(trim(part));
    if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

Result<void> checkArchivable(const std::vector<RunSummary>& runs) {
  const auto atWork = std::find_if(runs.begin(), runs.end(), [](const RunSummary& run) { return isActive(run.state); });
  if (atWork == runs.end()) return {};
  return fail(ErrorCode::InvalidInput, fmt::format("Run {} ({}) is {} and cannot be archived; stop it first.",
                                                   atWork->id.value, atWork->name, toString(atWork->state)));
}

}  // namespace weft::store
