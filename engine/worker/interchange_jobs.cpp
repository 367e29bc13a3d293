// The jobs that read and write other projects' model files.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/device/device.h"
#include "engine/interchange/convert_model.h"
#include "engine/interchange/export_model.h"
#include "engine/interchange/import_model.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

// Names of tensors come from outside: what is no UTF-8 must not end the job in an exception.
std::string dumpedList(const std::vector<std::string>& list) {
  return nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Result<service::FinishedEvent> runImport(JobContext& context) {
  WEFT_ASSIGN(const std::string from, context.job.require("from"));
  WEFT_ASSIGN(const std::string out, context.job.require("out"));
  WEFT_TRY(context.job.check());
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(const interchange::ImportReport imported,
              interchange::importModel(from, out, [&](double fraction) { report("importing", fraction); }));
  for (const std::string& warning : imported.warnings) warn(context, warning);
  service::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(imported.parameters)}};
  finished.texts = {{"architecture", presentable(imported.architecture)},
                    {"dropped", dumpedList(imported.dropped)},
                    {"warnings", dumpedList(imported.warnings)},
                    {"out", out}};
  return finished;
}

Result<service::FinishedEvent> runConvert(JobContext& context) {
  WEFT_ASSIGN(const std::string model, context.job.require("model"));
  WEFT_ASSIGN(const std::string out, context.job.require("out"));
  WEFT_ASSIGN(const std::string map, context.job.require("map"));
  const std::string merge = context.job.text("method", "first");
  const std::int64_t heads = context.job.integer("kv_heads", 0);
  interchange::ConvertRequest request{.map = map,
                                      .merge = merge == "mean" ? interchange::Merge::Mean : interchange::Merge::First,
                                      .kvHeads = heads > 0 ? std::optional(static_cast<int>(heads)) : std::nullopt,
                                      .upward = sharing::upwardReads(context.job.integer("allow_upward", 0) != 0)};
  WEFT_TRY(context.job.check());
  if (merge != "first" && merge != "mean")
    return fail(ErrorCode::InvalidInput, "The method is '" + merge + "'; it must be first or mean.");
  if (heads < 0 || heads > (1 << 24))
    return fail(ErrorCode::InvalidInput, "The number of KV heads must be at least 1.");
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(const interchange::ConvertReport converted,
              interchange::convertModel(model, out, request, [&](double fraction) { report("converting", fraction); }));
  service::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(converted.parameters)},
                      {"parameters_before", static_cast<double>(converted.before)}};
  finished.texts = {{"architecture", map}, {"dropped", nlohmann::json(converted.dropped).dump()}, {"out", out}};
  return finished;
}

Result<service::FinishedEvent> runExport(JobContext& context) {
  using interchange::ExportLayout;
  static const std::map<std::string, std::optional<ExportLayout>> layouts{
      {"auto", std::nullopt}, {"llama", ExportLayout::Llama}, {"cross-layer", ExportLayout::CrossLayer}};
  static const std::map<std::string, std::optional<torch::ScalarType>> types{
      {"keep", std::nullopt}, {"float32", torch::kFloat}, {"bfloat16", torch::kBFloat16}, {"float16", torch::kHalf}};
  WEFT_ASSIGN(const std::string model, context.job.require("model"));
  WEFT_ASSIGN(const std::string out, context.job.require("out"));
  const std::string layoutName = context.job.text("layout", "auto"), typeName = context.job.text("dtype", "keep");
  interchange::ExportRequest request;
  request.shardBytes = context.job.integer("shard_bytes", request.shardBytes);
  WEFT_TRY(context.job.check());
  const auto layout = layouts.find(layoutName);
  if (layout == layouts.end())
    return fail(ErrorCode::InvalidInput,
                fmt::format("The layout is '{}'; it must be auto, llama or cross-layer.", layoutName));
  const auto type = types.find(typeName);
  if (type == types.end())
    return fail(ErrorCode::InvalidInput,
                fmt::format("dtype is '{}'; it must be keep, float32, bfloat16 or float16.", typeName));
  request.layout = layout->second;
  request.type = type->second;
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(const interchange::ExportReport exported,
              interchange::exportModel(model, out, request, [&](double fraction) { report("exporting", fraction); }));
  service::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(exported.parameters)}};
  finished.texts = {
      {"architecture", exported.architecture}, {"dropped", nlohmann::json(exported.dropped).dump()}, {"out", out}};
  return finished;
}

}  // namespace weft::worker
