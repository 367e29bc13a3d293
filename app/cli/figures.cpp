#include "app/cli/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/output.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/protocol/metrics.h"
#include "engine/service/process.h"
#include "engine/sharing/map_text.h"
#include "engine/store/run_fields.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;
using store::RunSummary;

const std::vector<std::string> kKinds{"pareto", "loss", "maps"};
const std::vector<std::string> kEndings{".pdf", ".svg", ".png", ".csv"};

// The table of a result: its columns are named once.
Table tableOf(const std::vector<std::string>& columns) {
  Table table;
  for (const std::string& column : columns) table.column(column);
  return table;
}

std::string paretoCsv(const std::vector<RunSummary>& runs) {
  std::vector<RunSummary> points;
  std::copy_if(runs.begin(), runs.end(), std::back_inserter(points),
               [](const RunSummary& run) { return run.perplexity.has_value(); });
  return store::runsToCsv(points, {"id", "name", "map", "kv_bytes_per_token", "perplexity"});
}

Result<std::string> lossCsv(store::RunStore& store, const std::vector<RunSummary>& runs) {
  Table table = tableOf({"id", "name", "step", "loss"});
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const store::MetricSeries series, store.metric(run.id, protocol::kTrainLoss));
    for (const store::MetricPoint& point : series.points)
      table.row({std::to_string(run.id.value), run.name, std::to_string(point.step), fmt::format("{}", point.value)});
  }
  return table.toCsv();
}

Result<std::string> mapsCsv(const std::vector<RunSummary>& runs) {
  Table table = tableOf({"id", "name", "layer", "k_source", "v_source"});
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const sharing::SharingMap map,
                sharing::parseMap(run.map, {.layers = std::nullopt, .upward = sharing::UpwardReads::Allow}));
    for (int layer = 0; layer < map.layerCount(); ++layer)
      table.row({std::to_string(run.id.value), run.name, std::to_string(layer),
                 std::to_string(map.layer(layer).kSource), std::to_string(map.layer(layer).vSource)});
  }
  return table.toCsv();
}

Result<std::string> figureCsv(store::RunStore& store, const FigureRequest& request) {
  if (request.kind == "loss") return lossCsv(store, request.runs);
  if (request.kind == "maps") return mapsCsv(request.runs);
  return paretoCsv(request.runs);
}

// Qt draws into memory where there is no display.
std::vector<std::string> studioVariables() {
  const auto isSet = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") || isSet("QT_QPA_PLATFORM")) return {};
  return {"QT_QPA_PLATFORM=offscreen"};
}

// "1-10000": ten thousand numbers would be more than a command line may hold.
std::vector<std::string> rangesOf(const std::vector<RunSummary>& runs) {
  std::set<std::int64_t> ids;
  for (const RunSummary& run : runs) ids.insert(run.id.value);
  std::vector<std::string> ranges;
  for (auto first = ids.begin(); first != ids.end();) {
    auto last = first;
    auto next = std::next(first);
    while (next != ids.end() && *next == *last + 1) last = next++;
    ranges.push_back(first == last ? std::to_string(*first) : fmt::format("{}-{}", *first, *last));
    first = next;
  }
  return ranges;
}

Result<void> checkRequest(const FigureRequest& request) {
  if (std::find(kKinds.begin(), kKinds.end(), request.kind) == kKinds.end()) {
    return fail(ErrorCode::InvalidInput,
                "There is no figure '" + request.kind + "'; the figures are " + join(kKinds, ", ") + ".");
  }
  const std::string ending = fs::path(request.out).extension().string();
  if (std::find(kEndings.begin(), kEndings.end(), ending) == kEndings.end()) {
    return fail(ErrorCode::InvalidInput, "--out " + request.out + " must end in " + join(kEndings, ", ") + ".");
  }
  const bool hasPoint = std::any_of(request.runs.begin(), request.runs.end(),
                                    [](const RunSummary& run) { return run.perplexity.has_value(); });
  if (request.runs.empty() || (request.kind == "pareto" && !hasPoint)) {
    return fail(ErrorCode::InvalidInput, request.kind == "pareto"
                                             ? "No run has a perplexity yet, so there is no point to plot."
                                             : "There is no run to plot.");
  }
  return {};
}

}  // namespace

Result<void> writeFigure(const store::Project& project, store::RunStore& store, const FigureRequest& request) {
  WEFT_TRY(checkRequest(request));
  std::error_code error;
  const fs::path out = fs::absolute(request.out, error);
  WEFT_TRY(createFolders(out.parent_path()));
  if (out.extension() == ".csv") {
    WEFT_ASSIGN(const std::string text, figureCsv(store, request));
    return writeFileAtomically(out, text);
  }
  const fs::path studio = executableFolder() / "weft-studio";
  if (!fs::exists(studio, error)) {
    return fail(ErrorCode::Unsupported,
                "Figures are drawn by weft-studio, which is not beside this program; --out F.csv works without it.");
  }
  const std::vector<std::string> words{"--export-figure", request.kind, "--project", project.folder().string(),
                                       "--out",           out.string(), "--runs",    join(rangesOf(request.runs), ",")};
  WEFT_ASSIGN(const int code,
              service::runProgram({.program = studio, .arguments = words, .variables = studioVariables()}));
  if (code != 0)
    return fail(ErrorCode::JobFailed, fmt::format("weft-studio could not draw {} (exit code {}).", out.string(), code));
  if (!fs::exists(out, error))
    return fail(ErrorCode::JobFailed, "weft-studio ended without writing " + out.string() + ".");
  return {};
}

Result<std::string> metricsCsv(store::RunStore& store, const std::vector<RunSummary>& runs) {
  Table table = tableOf({"id", "name", "metric", "step", "value", "time"});
  for (const RunSummary& run : runs) {
    WEFT_ASSIGN(const std::vector<std::string> names, store.metricNames(run.id));
    for (const std::string& name : names) {
      WEFT_ASSIGN(const store::MetricSeries series, store.metric(run.id, name));
      for (const store::MetricPoint& point : series.points)
        table.row({std::to_string(run.id.value), run.name, name, std::to_string(point.step),
                   fmt::format("{}", point.value), fmt::format("{:.3f}", point.time)});
    }
  }
  return table.toCsv();
}

}  // namespace weft::cli
