// resolveModel: a MODEL argument -> the folder of its weights.
#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/service/client.h"

namespace weft::service {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kStep = "step-";

bool isModel(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "model.toml", error) && fs::exists(folder / "model.safetensors", error);
}

std::optional<std::int64_t> stepOf(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::int64_t step = 0;
  if (name.rfind(kStep, 0) != 0 || !parseInteger(name.substr(kStep.size()), step)) return std::nullopt;
  return step;
}

// Complete checkpoints of a run, by step ascending: a folder has its final name only when it is whole.
std::vector<fs::path> checkpointsOf(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (stepOf(entry->path()) && isModel(entry->path())) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) { return *stepOf(a) < *stepOf(b); });
  return found;
}

std::string list(const std::vector<fs::path>& checkpoints) {
  std::vector<std::string> names;
  for (const fs::path& checkpoint : checkpoints) names.push_back(checkpoint.filename().string());
  return join(names, ", ");
}

Result<fs::path> ofRun(const std::string& name, const std::string& which, const store::Project& project) {
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database(), store::RunStore::Mode::ReadOnly));
  WEFT_ASSIGN(const store::RunSummary run, store.findRun(name));
  const fs::path folder = project.runFolder(run.id) / "checkpoints";
  const std::vector<fs::path> checkpoints = checkpointsOf(folder);
  if (checkpoints.empty()) {
    return fail(ErrorCode::NotFound, fmt::format("Run {} ({}) has no checkpoint yet; it is {}.", run.id.value, run.name,
                                                 store::toString(run.state)));
  }
  if (which.empty()) return checkpoints.back();
  std::string wanted = which;
  if (which == "best") {
    WEFT_ASSIGN(const std::string best, readFile(folder / "best"));
    wanted = trim(best);
  }
  const auto found = std::find_if(checkpoints.begin(), checkpoints.end(),
                                  [&](const fs::path& one) { return one.filename() == wanted; });
  if (found != checkpoints.end()) return *found;
  return fail(ErrorCode::NotFound, fmt::format("Run {} ({}) has no checkpoint '{}'; it has {} (and best).",
                                               run.id.value, run.name, which, list(checkpoints)));
}

}  // namespace

Result<fs::path> resolveModel(const std::string& model, const std::optional<store::Project>& project) {
  std::error_code error;
  if (isModel(model)) return fs::path(model);
  const bool isFolder = fs::is_directory(model, error);
  const std::size_t at = model.rfind('@');
  const std::string name = model.substr(0, at), which = at == std::string::npos ? "" : model.substr(at + 1);
  if (project) {
    Result<fs::path> found = ofRun(name, which, *project);
    if (found || !isFolder || found.error().code == ErrorCode::InvalidInput) return found;
  }
  if (isFolder)
    return fail(ErrorCode::NotFound, model + " is no checkpoint: it has no model.toml and model.safetensors.");
  return fail(ErrorCode::NotFound,
              "There is no checkpoint folder " + model + ", and no project here whose run it could be; -C names one.");
}

std::optional<store::RunId> runOfCheckpoint(const fs::path& checkpoint, const store::Project& project) {
  const fs::path folder = checkpoint.parent_path().parent_path();
  std::int64_t number = 0;
  if (!parseInteger(folder.filename().string(), number)) return std::nullopt;
  std::error_code error;
  return fs::equivalent(folder, project.runFolder({number}), error) ? std::optional(store::RunId{number})
                                                                    : std::nullopt;
}

}  // namespace weft::service
