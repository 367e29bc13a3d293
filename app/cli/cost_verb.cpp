// cost: what a configuration costs, what a device makes of it, and the paper's tables beside ours. No project, no
// model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/text.h"
#include "engine/config/paper_results.h"
#include "engine/config/presets.h"
#include "engine/config/training_request.h"
#include "engine/service/resolved_run.h"
#include "engine/sharing/device_model.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"
#include "engine/sharing/memory_model.h"
#include "engine/sharing/trainable.h"

namespace weft::cli {

namespace {

using sharing::SharingMap;

struct CostArguments {
  ConfigArguments config;
  std::string map, dtype = "bfloat16";
  std::optional<std::int64_t> context;
  std::int64_t batch = 1;
  std::optional<double> memory_GiB;
  std::string device;
  std::optional<double> peak_TFLOPs, bandwidth_GB;  // a device that no table has
  bool showsPaper = false, allowsUpward = false;
};

Json costJson(const service::ResolvedRun& run, sharing::ElementType type, const sharing::CostReport& report) {
  const sharing::ParameterCount& count = report.parameters;
  return {{"name", run.config.name},
          {"map", toText(run.map)},
          {"vocabulary", run.config.model.vocabulary},
          {"dtype", sharing::toString(type)},
          {"run_here",
           {{"device", run.types.isOnCpu ? "cpu" : "cuda"},
            {"dtype", sharing::toString(run.types.compute)},
            {"kv_dtype", sharing::toString(run.types.cache)},
            {"parameters", run.cost.parameters.total()},
            {"kv_bytes_per_token", run.cost.kv.bytesPerToken}}},
          {"parameters", count.total()},
          {"parameters_by_part",
           {{"embedding", count.embedding},
            {"head", count.head},
            {"query", count.query},
            {"key_value", count.keyValue},
            {"output", count.output},
            {"feed_forward", count.feedForward},
            {"norms", count.norms},
            {"biases", count.biases},
            {"gates", count.gates},
            {"matmul", count.matmul}}},
          {"kv_bytes_per_token", report.kv.bytesPerToken},
          {"kv_bytes_resident", report.kv.bytesResident},
          {"kv_bytes_read_per_step", report.kv.bytesReadPerStep},
          {"flops_per_token",
           {{"train", report.flops.train}, {"prefill", report.flops.prefill}, {"decode", report.flops.decode}}},
          {"weight_bytes", report.weightBytes}};
}

Json trainingJson(const sharing::TrainingRequest& request, const sharing::TrainingMemory& memory) {
  const sharing::ActivationBytes& kept = memory.activations;
  return {{"micro_batch", request.microBatch},
          {"sequence", request.sequence},
          {"compute_type", sharing::toString(request.computeType)},
          {"parameters", memory.parameters},
          {"gradients", memory.gradients},
          {"moments", memory.moments},
          {"activations",
           {{"stream", kept.stream},
            {"norms", kept.norms},
            {"queries", kept.queries},
            {"keys_values", kept.keysValues},
            {"attention", kept.attention},
            {"attention_out", kept.attentionOut},
            {"feed_forward", kept.feedForward},
            {"logits", kept.logits},
            {"cast_weights", kept.castWeights},
            {"tables", kept.tables},
            {"key_value_gradients", kept.keyValueGradients},
            {"scratch", kept.scratch},
            {"tokens", kept.tokens},
            {"total", kept.total()}}},
          {"workspace", memory.workspace},
          {"peak", memory.peak()}};
}

void printTraining(const sharing::TrainingRequest& request, const sharing::TrainingMemory& memory) {
  const auto bytes = [](std::int64_t count) { return formatBytes(static_cast<double>(count)); };
  const sharing::ActivationBytes& kept = memory.activations;
  print(
      fmt::format("A training step takes {} at least, for a micro batch of {} sequences of {} tokens in {} "
                  "(parameters, gradients and AdamW's "
                  "moments in {}):",
                  bytes(memory.peak()), groupDigits(request.microBatch), groupDigits(request.sequence),
                  sharing::toString(request.computeType), sharing::toString(request.parameterType)));
  Table table;
  table.column("", Table::Align::Left);
  table.column("");
  table.column("", Table::Align::Left);
  const auto row = [&](const char* what, std::int64_t count, const char* formula) {
    table.row({what, bytes(count), formula});
  };
  row("  parameters, gradients", memory.parameters + memory.gradients, "2 N p, p bytes of a parameter");
  row("  moments", memory.moments, "2 N p");
  row("  residual stream, norms", kept.stream + kept.norms,
      "n tokens, c bytes: (2 L + 1) n d c, and n (d c + 4) for each norm");
  row("  keys, values", kept.keysValues, "2 n G D c for each producer of both: the part that sharing shrinks");
  row("  queries, attention", kept.queries + kept.attention + kept.attentionOut,
      "n H D c each for queries, output and its transpose, a log sum a row");
  row("  feed-forward", kept.feedForward, "3 L n f c");
  row("  logits, twice", kept.logits + memory.workspace, "2 n V c");
  row("  weights cast, tables", kept.castWeights + kept.tables,
      "c for each weight of a matrix product where c is not p");
  const std::string text = table.toText();
  print(text.substr(text.find('\n') + 1));
}

Json rooflineJson(const sharing::DeviceModel& device, sharing::ElementType type, const sharing::Roofline& roofline) {
  return {{"device", device.name},
          {"flops_per_second", device.flopsPerSecond(type)},
          {"bytes_per_second", device.bytesPerSecond},
          {"memory_bytes", device.memoryBytes},
          {"bound", roofline.bound == sharing::Bound::Compute ? "compute" : "bytes"},
          {"compute_seconds", roofline.compute_s},
          {"bytes_seconds", roofline.bytes_s},
          {"tokens_per_second", roofline.tokensPerSecond},
          {"flops_per_byte", roofline.arithmeticIntensity},
          {"ridge_flops_per_byte", roofline.ridge},
          {"compute_bound_batch", roofline.computeBoundBatch ? Json(*roofline.computeBoundBatch) : Json()}};
}

void printRoofline(const sharing::DeviceModel& device, const sharing::Roofline& roofline,
                   const sharing::CostRequest& request) {
  if (device.key == "here") {
    print(fmt::format("Measured here: {} FLOP/s in {}, {}/s, {}.",
                      formatCount(device.flopsPerSecond(request.cacheType)), sharing::toString(request.cacheType),
                      formatBytes(device.bytesPerSecond), formatBytes(device.memoryBytes)));
  }
  const bool isCompute = roofline.bound == sharing::Bound::Compute;
  print(
      fmt::format("{}: a decode step of {} takes at least {:.3g} ms, bound by {} ({:.3g} ms of compute, {:.3g} ms of "
                  "bytes): at most {} tokens/s.",
                  device.name, groupDigits(request.batch), 1e3 * std::max(roofline.compute_s, roofline.bytes_s),
                  isCompute ? "compute" : "bytes", 1e3 * roofline.compute_s, 1e3 * roofline.bytes_s,
                  groupDigits(std::llround(roofline.tokensPerSecond))));
  print(fmt::format(
      "  {:.3g} FLOP per byte, {:.3g} would be needed; {}.", roofline.arithmeticIntensity, roofline.ridge,
      roofline.computeBoundBatch
          ? fmt::format("bound by compute from a batch of {} on", groupDigits(*roofline.computeBoundBatch))
          : std::string(
                "no batch is bound by compute at this context, since each sequence's KV takes longer to read than its "
                "products to compute")));
}

// Contexts from the asked one up and down by powers of four, for the frontier of what fits.
std::vector<std::int64_t> contextsAround(std::int64_t context) {
  std::vector<std::int64_t> contexts;
  for (std::int64_t factor : {16, 4, 1}) {
    if (context / factor >= 1 && (contexts.empty() || context / factor > contexts.back()))
      contexts.push_back(context / factor);
  }
  for (std::int64_t factor : {4, 16, 64}) contexts.push_back(context * factor);
  return contexts;
}

struct Memory {
  std::string name;
  double bytes = 0;
};

Json memoryJson(const Memory& memory, std::int64_t largestContext,
                const std::vector<sharing::BatchAtContext>& frontier) {
  Json list = Json::array();
  for (const sharing::BatchAtContext& one : frontier) list.push_back({{"context", one.context}, {"batch", one.batch}});
  return {{"memory_bytes", memory.bytes}, {"largest_context", largestContext}, {"batch_at_context", std::move(list)}};
}

void printMemory(const Memory& memory, std::int64_t largestContext,
                 const std::vector<sharing::BatchAtContext>& frontier, const sharing::CostRequest& request) {
  std::vector<std::string> parts;
  for (const sharing::BatchAtContext& one : frontier)
    parts.push_back(fmt::format("{} of {}", groupDigits(one.batch), groupDigits(one.context)));
  print(fmt::format("{} has room for the weights and the KV of so many sequences of so many tokens: {}.", memory.name,
                    join(parts, ", ")));
  print(fmt::format("  {} of them may have up to {} tokens each.", groupDigits(request.batch),
                    groupDigits(largestContext)));
}

// The paper's tables beside ours. JobFailed if a number differs.
Result<void> showPaper(const Context& context) {
  Json rows = Json::array();
  Table table;
  for (const char* column :
       {"table", "model", "KV B/token, paper", "ours", "difference", "weights, derived", "ours", "perplexity, paper"}) {
    table.column(column, std::string_view(column) == "model" ? Table::Align::Left : Table::Align::Right);
  }
  int different = 0;
  for (const config::PaperResult& result : config::paperResults()) {
    WEFT_ASSIGN(const config::RunConfig config, config::preset(result.preset));
    WEFT_ASSIGN(const SharingMap map, config::sharingMap(config.model));
    WEFT_ASSIGN(const sharing::CostReport report,
                sharing::cost(config::shapeOf(config.model), map, {.cacheType = sharing::ElementType::BFloat16}));
    const std::int64_t difference = report.kv.bytesPerToken - result.kvBytesPerToken;
    const double body =
        std::round(static_cast<double>(report.parameters.nonEmbedding() - report.parameters.norms) / 1e5) / 10;
    different += difference != 0 || (result.bodyMillions && *result.bodyMillions != body) ? 1 : 0;
    const std::optional<double> perplexity = result.perplexity ? result.perplexity : result.wikitext;
    rows.push_back({{"name", config.name},
                    {"table", result.table},
                    {"preset", result.preset},
                    {"kv_bytes_per_token", report.kv.bytesPerToken},
                    {"kv_bytes_per_token_paper", result.kvBytesPerToken},
                    {"parameters", report.parameters.total()},
                    {"body_millions", body},
                    {"body_millions_derived", result.bodyMillions ? Json(*result.bodyMillions) : Json()},
                    {"perplexity_paper", result.perplexity ? Json(*result.perplexity) : Json()},
                    {"wikitext_paper", result.wikitext ? Json(*result.wikitext) : Json()}});
    table.row({std::to_string(result.table), config.name, groupDigits(result.kvBytesPerToken),
               groupDigits(report.kv.bytesPerToken), std::to_string(difference),
               result.bodyMillions ? fmt::format("{:.1f} M", *result.bodyMillions) : "", fmt::format("{:.1f} M", body),
               fmt::format("{:.2f}{}", *perplexity, result.perplexity ? "" : " (WikiText)")});
  }
  if (context.json) {
    printJson({{"rows", std::move(rows)}, {"different", different}});
  } else {
    print(table.toText());
    print(
        "Weights: matrices without embeddings and norms, derived from the paper's shapes; it prints no counts. Brandon "
        "et al. 2024, arXiv "
        "2405.12981.");
  }
  if (different > 0)
    return fail(ErrorCode::Internal, fmt::format("{} of the paper's rows come out differently here.", different));
  return {};
}

void printCost(const service::ResolvedRun& run, const sharing::CostReport& report,
               const sharing::CostRequest& request) {
  const sharing::ParameterCount& count = report.parameters;
  const sharing::ModelShape& shape = run.shape;
  const SharingMap& map = run.map;
  const std::string at = fmt::format("batch {} of {} tokens, {}", request.batch, groupDigits(request.context),
                                     sharing::toString(request.cacheType));
  print(fmt::format("{}: {} layers, {}, {} query and {} KV heads of {}", run.config.name, shape.layers,
                    describeGenerator(map).empty() ? toText(map) : describeGenerator(map), shape.queryHeads,
                    shape.kvHeads, shape.headWidth));
  Table table;
  table.column("", Table::Align::Left);
  table.column("");
  table.column("", Table::Align::Left);
  const auto row = [&](const char* what, const std::string& number, const std::string& formula) {
    table.row({what, number, formula});
  };
  row("parameters", formatCount(static_cast<double>(count.total())),
      fmt::format("{}, with {}, the sum of:", groupDigits(count.total()), run.tokenizerWords()));
  row("  embedding", formatCount(static_cast<double>(count.embedding)), "V d");
  row("  head", formatCount(static_cast<double>(count.head)), count.head == 0 ? "tied to the embedding" : "V d");
  row("  query, output", formatCount(static_cast<double>(count.query + count.output)), "2 L d H D");
  row("  keys, values", formatCount(static_cast<double>(count.keyValue)), "2 d G D for each producer of both");
  row("  feed-forward", formatCount(static_cast<double>(count.feedForward)), "3 L d f");
  row("  norms", formatCount(static_cast<double>(count.norms)),
      "2 L d + d, and d for each producer's own KV norm; D for a norm over heads");
  if (count.biases > 0)
    row("  biases", formatCount(static_cast<double>(count.biases)), "L H D, and G D for each K and V");
  if (count.gates > 0)
    row("  gates", formatCount(static_cast<double>(count.gates)), "of mixtures and residuals, a number a channel");
  row("KV bytes per token", groupDigits(report.kv.bytesPerToken),
      sharing::explainKvBytesPerToken(shape, map, request.cacheType));
  row("KV resident", formatBytes(static_cast<double>(report.kv.bytesResident)),
      at + "; a slot keeps the largest window of its readers");
  row("KV read per step", formatBytes(static_cast<double>(report.kv.bytesReadPerStep)),
      "every layer reads; sharing does not shrink it");
  row("weights", formatBytes(static_cast<double>(report.weightBytes)),
      fmt::format("all parameters in {}", sharing::toString(request.cacheType)));
  row("FLOPs, training", formatCount(report.flops.train),
      map.isCausal()
          ? "per token: 6 N + 6 sum over layers of s H D, N the weights of matrix products"
          : "per token: as 6 N + 6 sum over layers of s H D, with every pass of the layers that read upward");
  row("FLOPs, prefill", formatCount(report.flops.prefill),
      map.isCausal() ? "per token: a third of training" : "per token: every pass of training, forward");
  row("FLOPs, decode", formatCount(report.flops.decode), "per token: 2 N + 4 sum over layers of T H D");
  std::string text = table.toText();
  print(text.substr(text.find('\n') + 1));
  print(fmt::format("A run of it here: {} parameters; KV bytes per token: {}.",
                    groupDigits(run.cost.parameters.total()),
                    service::bytesPerTokenWords(shape, map, request.cacheType, run.types)));
}

std::vector<std::string> deviceNames() {
  std::vector<std::string> names;
  for (const sharing::DeviceModel& device : sharing::deviceModels()) names.push_back(device.key);
  return names;
}

// The device of this machine, as a worker measures it.
Result<sharing::DeviceModel> presentDevice() {
  WEFT_ASSIGN(const protocol::FinishedEvent finished, runDirectJob({.body = protocol::DeviceJob{}}, std::nullopt));
  const auto value = [&](const char* name) {
    const auto found = finished.summary.find(name);
    return found == finished.summary.end() ? 0 : found->second;
  };
  const auto name = finished.texts.find("name");
  return sharing::DeviceModel{.key = "here",
                              .name = name == finished.texts.end() ? "This device" : name->second,
                              .memoryBytes = value("memory_bytes"),
                              .bytesPerSecond = value("bytes_per_second"),
                              .flopsPerSecond16Bit = value("flops_per_second_16_bit"),
                              .flopsPerSecondFloat32 = value("flops_per_second_float32")};
}

Result<void> showCost(const CostArguments& arguments, const Context& context) {
  if (arguments.showsPaper) return showPaper(context);
  WEFT_ASSIGN(config::RunConfig config, arguments.config.load());
  if (!arguments.map.empty()) {
    const auto upward = sharing::upwardReads(config.model.allowUpward || arguments.allowsUpward);
    WEFT_ASSIGN(const SharingMap given, namedMap(arguments.map, {.layers = config.model.layers, .upward = upward}));
    config.model.sharing = toText(given);
    config.model.allowUpward = config.model.allowUpward || arguments.allowsUpward;
  }
  WEFT_ASSIGN(const service::ResolvedRun run, service::resolveRun(config));
  const sharing::ModelShape& shape = run.shape;
  const SharingMap& map = run.map;
  WEFT_ASSIGN(const sharing::ElementType type, sharing::parseElementType(arguments.dtype));
  const sharing::CostRequest request{
      .cacheType = type, .context = arguments.context.value_or(config.train.sequenceLength), .batch = arguments.batch};
  WEFT_ASSIGN(const sharing::CostReport report, sharing::cost(shape, map, request));
  std::optional<sharing::DeviceModel> device;
  if (arguments.device == "here") {
    WEFT_ASSIGN(device, presentDevice());
  } else if (!arguments.device.empty()) {
    WEFT_ASSIGN(device, sharing::deviceModel(arguments.device));
  } else if (arguments.peak_TFLOPs) {
    const double peak = *arguments.peak_TFLOPs * 1e12;
    device = sharing::DeviceModel{
        "given", "The given device", arguments.memory_GiB.value_or(0) * (1 << 30), *arguments.bandwidth_GB * 1e9, peak,
        peak};
  }
  const sharing::TrainingRequest training = config::trainingRequest(config.train, type);
  Json value = costJson(run, type, report);
  if (!context.json) printCost(run, report, request);
  if (const Result<void> trainable = sharing::checkTrainable(map); trainable) {
    WEFT_ASSIGN(const sharing::TrainingMemory trained, sharing::trainingMemory(shape, map, training));
    value["training_memory"] = trainingJson(training, trained);
    if (!context.json) printTraining(training, trained);
  } else {
    value["training_memory"] = nullptr;
    value["not_trainable"] = trainable.error().message;
    if (!context.json) print(trainable.error().message);
  }

  std::optional<Memory> memory;
  if (device) {
    WEFT_ASSIGN(const sharing::Roofline roofline, sharing::decodeRoofline(shape, map, request, *device));
    if (device->memoryBytes > 0) memory = Memory{device->name, device->memoryBytes};
    value["roofline"] = rooflineJson(*device, type, roofline);
    if (!context.json) printRoofline(*device, roofline, request);
  }
  if (arguments.memory_GiB)
    memory = Memory{fmt::format("{} GiB", *arguments.memory_GiB), *arguments.memory_GiB * (1 << 30)};
  if (memory) {
    WEFT_ASSIGN(const std::int64_t largest, sharing::largestBatch(shape, map, request, memory->bytes, 0));
    WEFT_ASSIGN(const std::int64_t longest, sharing::largestContext(shape, map, request, memory->bytes, 0));
    WEFT_ASSIGN(const auto frontier,
                sharing::batchFrontier(shape, map, request, contextsAround(request.context), memory->bytes, 0));
    value.update(memoryJson(*memory, longest, frontier));
    WEFT_ASSIGN(const std::int64_t micro, sharing::largestMicroBatch(shape, map, training, memory->bytes, 0));
    value["largest_batch"] = largest;
    value["largest_micro_batch"] = micro;
    if (!context.json) {
      printMemory(*memory, longest, frontier, request);
      print(fmt::format("  The largest micro batch that trains there has {} sequences of {} tokens.",
                        groupDigits(micro), groupDigits(training.sequence)));
    }
  }
  if (context.json) printJson(value);
  return {};
}

}  // namespace

void addCostVerb(Program& program) {
  const auto cost = std::make_shared<CostArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kPatternsGroup,
       .name = "cost",
       .description = "Parameters, FLOPs and KV bytes of a configuration, with their formulas",
       .examples = {"weft cost --preset paper-1b-h128-mqa --map cla2 --context 8192 --device h100",
                    "weft cost --preset scaled-110m-mqa --peak 165 --bandwidth 1008 --memory 24", "weft cost --paper"},
       .remark = "L layers, d hidden, f feed-forward, H query heads, G KV heads, D head width, V "
                 "vocabulary, T context."},
      [cost](const Context& context) { return showCost(*cost, context); });
  cost->config.addTo(*verb, "--config");
  verb->add_option("--map", cost->map, "Another sharing map than the configuration's (text, pattern or @FILE)")
      ->type_name("MAP");
  verb->add_option("--dtype", cost->dtype,
                   "Element type of cache and weights: float32, bfloat16, float16, float64, int8 [bfloat16]")
      ->type_name("TYPE");
  verb->add_option("--context", cost->context, "Tokens per sequence [train.sequence_length]")->type_name("T");
  verb->add_option("--batch", cost->batch, "Sequences [1]")->type_name("B");
  verb->add_option("--memory", cost->memory_GiB, "Also say how many sequences fit this much memory")->type_name("GIB");
  verb->add_option("--device", cost->device,
                   "Also the roofline of a decode step there, and what fits: " + join(deviceNames(), ", ") +
                       "; here: the present one, measured")
      ->type_name("DEVICE");
  CLI::Option* peak = verb->add_option("--peak", cost->peak_TFLOPs,
                                       "A device that is none of these: its matrix products, in 10^12 FLOP/s")
                          ->type_name("TFLOPS")
                          ->check(CLI::PositiveNumber)
                          ->excludes("--device");
  verb->add_option("--bandwidth", cost->bandwidth_GB, "With --peak: what its memory reads, in 10^9 bytes/s")
      ->type_name("GB/S")
      ->check(CLI::PositiveNumber)
      ->needs(peak);
  peak->needs("--bandwidth");
  verb->add_flag("--allow-upward", cost->allowsUpward, "Accept a --map whose layers read from later ones");
  verb->add_flag("--paper", cost->showsPaper, "The tables of the CLA paper beside ours");
}

}  // namespace weft::cli
