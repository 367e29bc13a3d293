// measure: speed and KV memory of one model over a grid, or its largest batch; kept with the run that the model belongs
// to.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/measurements.h"
#include "app/cli/model_choice.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "engine/service/measure.h"

namespace weft::cli {

namespace {

struct MeasureArguments {
  ModelChoice choice;
  std::string batches = "1", contexts = "0";
  std::int64_t rounds = 5;
  double memory_GiB = 0;
  bool wantsLargest = false;
};

// One point keeps the keys it always had, beside the list.
Json toJson(const std::vector<store::Measurement>& measurements) {
  Json points = Json::array(), largest = Json::array();
  for (const store::Measurement& one : measurements) {
    if (isPoint(one)) points.push_back(pointJson(one));
    if (isLargestBatch(one)) largest.push_back(largestJson(one));
  }
  Json value = Json::object();
  if (points.size() == 1) value = points.front();
  if (largest.size() == 1) value.update(largest.front());
  if (!points.empty()) value["points"] = std::move(points);
  if (!largest.empty()) value["largest_batches"] = std::move(largest);
  return value;
}

void printTables(const std::vector<store::Measurement>& measurements) {
  const std::vector<MeasuredRun> runs{{.name = "", .measurements = measurements}};
  const std::string points = pointTable(runs), largest = largestTable(runs);
  if (!points.empty()) print(points);
  if (!largest.empty()) print(largest);
  const auto& labels = measurements.front().labels;
  const auto label = [&](const char* name) { return labels.contains(name) ? labels.at(name) : std::string(); };
  inform(fmt::format(
      "{}, computing in {}, {} cache ({}), torch {}. Memory limit: {}. ± is half of the interquartile range.",
      label("device_name"), label("compute_dtype"), label("cache"), label("dtype"), label("torch"), label("limit")));
}

Result<void> measure(const MeasureArguments& arguments, const Context& context) {
  WEFT_ASSIGN(const std::vector<std::int64_t> batches, parseIds(arguments.batches, "--batch"));
  WEFT_ASSIGN(const std::vector<std::int64_t> contexts, parseIds(arguments.contexts, "--context"));
  for (const std::int64_t batch : batches)
    if (batch < 1) return fail(ErrorCode::InvalidInput, "--batch must be at least 1.");
  for (const std::int64_t length : contexts)
    if (length < 0) return fail(ErrorCode::InvalidInput, "--context must be 0 or more.");
  if (arguments.rounds < 1) return fail(ErrorCode::InvalidInput, "--rounds must be at least 1.");
  if (!(arguments.memory_GiB >= 0 && arguments.memory_GiB < 1e6))
    return fail(ErrorCode::InvalidInput, "--memory must be 0 or more GiB.");
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  WEFT_ASSIGN(std::optional<store::RunStore> store, storeToKeep(model));
  std::optional<service::MeasuredRun> keep;
  if (store) keep = service::MeasuredRun{.store = &*store, .run = *model.run};
  service::MeasureRequest request{.model = model.folder,
                                  .batches = batches,
                                  .contexts = contexts,
                                  .rounds = arguments.rounds,
                                  .wantsLargest = arguments.wantsLargest,
                                  .memory_GiB = arguments.memory_GiB,
                                  .device = arguments.choice.device,
                                  .dtype = arguments.choice.dtype};
  if (!arguments.choice.cache.empty()) request.cache = arguments.choice.cache == "dense" ? "" : arguments.choice.cache;
  WEFT_ASSIGN(const std::vector<store::Measurement> measurements,
              service::measureModel(request, keep, progressOnTerminal()));
  if (context.json) {
    printJson(toJson(measurements));
  } else {
    printTables(measurements);
  }
  return {};
}

}  // namespace

void addMeasureVerb(Program& program) {
  const auto arguments = std::make_shared<MeasureArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kModelsGroup,
       .name = "measure",
       .description = "Speed of prefill and decode, KV memory in four numbers, the largest batch that fits",
       .examples = {"weft measure MQA-CLA2:s1 --batch 1,2,4 --context 128,512",
                    "weft measure MQA-CLA2:s1 --largest-batch --context 2048 --memory 4"},
       .remark = "`weft compare --measurements` sets what was measured of several runs side by side."},
      [arguments](const Context& context) { return measure(*arguments, context); });
  arguments->choice.addModel(*verb, "; a run keeps what was measured");
  verb->add_option("--batch", arguments->batches, "Sequences; several: every pair with a context [1]")
      ->type_name("B,..");
  verb->add_option("--context", arguments->contexts, "Tokens per sequence; 0: the training length [0]")
      ->type_name("T,..");
  verb->add_option("--rounds", arguments->rounds,
                   "Timed rounds after one that warms up; told are median and spread [5]")
      ->type_name("N");
  verb->add_flag("--largest-batch", arguments->wantsLargest,
                 "Instead: the largest batch that fits each context, tried with real memory");
  verb->add_option(
          "--memory", arguments->memory_GiB,
          "What weights, cache and all else may take; 0: what is free on the device, on a CPU less a reserve [0]")
      ->type_name("GiB");
  arguments->choice.addCache(*verb);
  arguments->choice.addType(*verb);
}

}  // namespace weft::cli
