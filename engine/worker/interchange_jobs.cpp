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

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ImportJob& job) {
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(const interchange::ImportReport imported,
              interchange::importModel(job.from, job.out, [&](double fraction) { report("importing", fraction); }));
  for (const std::string& warning : imported.warnings) warn(context, warning);
  protocol::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(imported.parameters)}};
  finished.texts = {{"architecture", presentable(imported.architecture)},
                    {"dropped", dumpedList(imported.dropped)},
                    {"warnings", dumpedList(imported.warnings)},
                    {"out", job.out}};
  return finished;
}

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ConvertJob& job) {
  if (job.method != "first" && job.method != "mean")
    return fail(ErrorCode::InvalidInput, "The method is '" + job.method + "'; it must be first or mean.");
  const interchange::ConvertRequest request{
      .map = job.map,
      .merge = job.method == "mean" ? interchange::Merge::Mean : interchange::Merge::First,
      .kvHeads = job.kvHeads > 0 ? std::optional(job.kvHeads) : std::nullopt,
      .upward = sharing::upwardReads(job.allowsUpward)};
  if (job.kvHeads < 0 || job.kvHeads > (1 << 24))
    return fail(ErrorCode::InvalidInput, "The number of KV heads must be at least 1.");
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(
      const interchange::ConvertReport converted,
      interchange::convertModel(job.model, job.out, request, [&](double fraction) { report("converting", fraction); }));
  protocol::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(converted.parameters)},
                      {"parameters_before", static_cast<double>(converted.before)}};
  finished.texts = {{"architecture", job.map}, {"dropped", nlohmann::json(converted.dropped).dump()}, {"out", job.out}};
  return finished;
}

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::ExportJob& job) {
  using interchange::ExportLayout;
  static const std::map<std::string, std::optional<ExportLayout>> layouts{
      {"auto", std::nullopt}, {"llama", ExportLayout::Llama}, {"cross-layer", ExportLayout::CrossLayer}};
  static const std::map<std::string, std::optional<torch::ScalarType>> types{
      {"keep", std::nullopt}, {"float32", torch::kFloat}, {"bfloat16", torch::kBFloat16}, {"float16", torch::kHalf}};
  interchange::ExportRequest request;
  request.shardBytes = job.shardBytes;
  const auto layout = layouts.find(job.layout);
  if (layout == layouts.end())
    return fail(ErrorCode::InvalidInput,
                fmt::format("The layout is '{}'; it must be auto, llama or cross-layer.", job.layout));
  const auto type = types.find(job.dtype);
  if (type == types.end())
    return fail(ErrorCode::InvalidInput,
                fmt::format("dtype is '{}'; it must be keep, float32, bfloat16 or float16.", job.dtype));
  request.layout = layout->second;
  request.type = type->second;
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(
      const interchange::ExportReport exported,
      interchange::exportModel(job.model, job.out, request, [&](double fraction) { report("exporting", fraction); }));
  protocol::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(exported.parameters)}};
  finished.texts = {
      {"architecture", exported.architecture}, {"dropped", nlohmann::json(exported.dropped).dump()}, {"out", job.out}};
  return finished;
}

}  // namespace weft::worker
