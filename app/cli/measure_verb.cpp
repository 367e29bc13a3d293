// measure: speed and KV memory of one model over a grid, or its largest batch; kept with the run that the model belongs to.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <utility>
#include <variant>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/measurements.h"
#include "app/cli/model_choice.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"

namespace weft::cli {

namespace {

struct MeasureArguments {
  ModelChoice choice;
  std::string batches = "1", contexts = "0";
  std::int64_t rounds = 5;
  double memory_GiB = 0;
  bool wantsLargest = false;
};

std::string dateOf(double time) {
  const std::time_t seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

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
  inform(fmt::format("{}, computing in {}, {} cache ({}), torch {}. Memory limit: {}. ± is half of the interquartile range.", label("device_name"),
                     label("compute_dtype"), label("cache"), label("dtype"), label("torch"), label("limit")));
}

Result<void> measure(const MeasureArguments& arguments, const Context& context) {
  WEFT_ASSIGN(const std::vector<std::int64_t> batches, parseIds(arguments.batches, "--batch"));
  WEFT_ASSIGN(std::vector<std::int64_t> contexts, parseIds(arguments.contexts, "--context"));
  for (const std::int64_t batch : batches)
    if (batch < 1) return fail(ErrorCode::InvalidInput, "--batch must be at least 1.");
  for (const std::int64_t length : contexts)
    if (length < 0) return fail(ErrorCode::InvalidInput, "--context must be 0 or more.");
  if (arguments.rounds < 1) return fail(ErrorCode::InvalidInput, "--rounds must be at least 1.");
  if (!(arguments.memory_GiB >= 0 && arguments.memory_GiB < 1e6)) return fail(ErrorCode::InvalidInput, "--memory must be 0 or more GiB.");
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  for (std::int64_t& length : contexts) {
    if (length > 0) continue;
    WEFT_ASSIGN(const config::RunConfig config, config::loadRunConfig(model.folder / "model.toml"));
    length = config.train.sequenceLength;
  }
  std::optional<store::RunStore> store;
  if (model.run) {
    WEFT_ASSIGN(store::RunStore opened, store::RunStore::open(model.project->database()));
    store.emplace(std::move(opened));
  }
  Json job{{"batches", batches},
           {"contexts", contexts},
           {"rounds", arguments.rounds},
           {"largest_batch", arguments.wantsLargest ? 1 : 0},
           {"memory_bytes", std::llround(std::ldexp(arguments.memory_GiB, 30))}};
  addToJob(job, arguments.choice, model);
  std::vector<store::Measurement> measurements;
  Result<void> kept;
  const Result<service::FinishedEvent> finished = runDirectJob("measure", job, model.project, [&](const service::Event& event) {
    const auto* measured = std::get_if<service::MeasurementEvent>(&event.body);
    if (measured == nullptr) return;
    store::Measurement one{.name = measured->name, .attempt = 0, .time = event.time, .values = measured->values, .labels = measured->labels};
    one.labels["date"] = dateOf(event.time);
    one.labels["model"] = model.folder.filename().string();
    // Kept as it comes: what was measured before the job fails is not lost.
    if (store && kept) kept = store->addMeasurement(*model.run, one);
    measurements.push_back(std::move(one));
  });
  if (!finished) return tl::unexpected(finished.error());
  WEFT_TRY(kept);
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
  CLI::App* verb = program.addVerb(kModelsGroup, "measure", "Speed of prefill and decode, KV memory in four numbers, the largest batch that fits",
                                   [arguments](const Context& context) { return measure(*arguments, context); });
  arguments->choice.addModel(*verb, "; a run keeps what was measured");
  verb->add_option("--batch", arguments->batches, "Sequences; several: every pair with a context [1]")->type_name("B,..");
  verb->add_option("--context", arguments->contexts, "Tokens per sequence; 0: the training length [0]")->type_name("T,..");
  verb->add_option("--rounds", arguments->rounds, "Timed rounds after one that warms up; told are median and spread [5]")->type_name("N");
  verb->add_flag("--largest-batch", arguments->wantsLargest, "Instead: the largest batch that fits each context, tried with real memory");
  verb->add_option("--memory", arguments->memory_GiB,
                   "What weights, cache and all else may take; 0: what is free on the device, on a CPU less a reserve [0]")
      ->type_name("GiB");
  arguments->choice.addCache(*verb);
  arguments->choice.addType(*verb);
  verb->footer(
      "Examples:\n  weft measure MQA-CLA2 --batch 1,2,4 --context 128,512\n  weft measure MQA-CLA2 --largest-batch --context 2048 --memory 4\n"
      "  weft compare --measurements MQA MQA-CLA2");
}

}  // namespace weft::cli
