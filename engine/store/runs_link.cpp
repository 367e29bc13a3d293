#include "engine/store/runs_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/text.h"

namespace weft::store {

namespace {

namespace fs = std::filesystem;

// Where the link leads; "" if it is none, or stays within the project.
fs::path targetOf(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_symlink(folder / "runs", error)) return {};
  fs::path target = fs::weakly_canonical(folder / "runs", error);
  if (error) return fs::path("nowhere");
  const fs::path relative = target.lexically_relative(fs::weakly_canonical(folder, error));
  return !relative.empty() && *relative.begin() != ".." ? fs::path() : target;
}

std::string lineOf(const fs::path& folder, const fs::path& target) {
  std::error_code error;
  return fs::weakly_canonical(folder, error).string() + "\t" + target.string();
}

fs::path recordFile() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const fs::path base = config && *config ? fs::path(config) : fs::path(home && *home ? home : "/") / ".config";
  return base / "weft" / "linked-runs";
}

std::vector<std::string> recorded() {
  const Result<std::string> text = readFile(recordFile());
  return text ? split(*text, '\n') : std::vector<std::string>();
}

}  // namespace

Result<void> checkRunsLink(const fs::path& folder) {
  const fs::path target = targetOf(folder);
  if (target.empty()) return {};
  const std::vector<std::string> lines = recorded();
  if (std::find(lines.begin(), lines.end(), lineOf(folder, target)) != lines.end()) return {};
  return fail(
      ErrorCode::InvalidInput,
      fmt::format("{} is a link out of the project, to {}; if you made it, `weft init {}` records that you did.",
                  (folder / "runs").string(), target.string(), folder.string()));
}

Result<void> recordRunsLink(const fs::path& folder) {
  const fs::path target = targetOf(folder);
  if (target.empty() || checkRunsLink(folder)) return {};
  std::vector<std::string> lines = recorded();
  lines.push_back(lineOf(folder, target));
  std::erase(lines, "");
  WEFT_TRY(createFolders(recordFile().parent_path()));
  return writeFileAtomically(recordFile(), join(lines, "\n") + "\n");
}

}  // namespace weft::store
