#include "engine/sharing/cost_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "engine/base/text.h"
#include "engine/sharing/slots.h"

namespace weft::sharing {

namespace {

struct TypeName {
  ElementType type;
  const char* name;
  const char* shortName;
  std::int64_t bytes;
};
constexpr std::array<TypeName, 5> kTypes{{
    {ElementType::Float32, "float32", "fp32", 4},
    {ElementType::Float64, "float64", "fp64", 8},
    {ElementType::BFloat16, "bfloat16", "bf16", 2},
    {ElementType::Float16, "float16", "fp16", 2},
    {ElementType::Int8, "int8", "i8", 1},
}};

// No sum or product below may leave int64: 2^24 per size and 1024 layers keep the parameters under 2^60.
constexpr std::int64_t kMaximumSize = std::int64_t{1} << 24;
constexpr double kMaximumBytes = 9e18;

Result<void> checkSize(const char* name, std::int64_t value, std::int64_t minimum) {
  if (value >= minimum && value <= kMaximumSize) return {};
  return fail(ErrorCode::InvalidInput,
              fmt::format("{} is {}; it must be {} to {}.", name, value, minimum, kMaximumSize));
}

// The widest head of the map, at least the model's.
std::int64_t widestHead(const ModelShape& shape, const SharingMap& map) {
  std::int64_t widest = shape.headWidth;
  for (const LayerSharing& layer : map.layers()) widest = std::max<std::int64_t>(widest, layer.headWidth.value_or(0));
  return widest;
}

Result<SlotPlan> check(const ModelShape& shape, const SharingMap& map, const CostRequest& request) {
  if (map.layerCount() != shape.layers) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("The map has {} layers, but the model has {}.", map.layerCount(), shape.layers));
  }
  WEFT_TRY(checkSize("The hidden size", shape.hidden, 1));
  WEFT_TRY(checkSize("The feed-forward size", shape.feedForward, 1));
  WEFT_TRY(checkSize("The vocabulary", shape.vocabulary, 0));
  WEFT_TRY(checkSize("The number of query heads", shape.queryHeads, 1));
  WEFT_TRY(checkSize("The head width", shape.headWidth, 1));
  const std::int64_t widest = widestHead(shape, map);
  WEFT_TRY(checkSize("The product of query heads and head width", std::int64_t{shape.queryHeads} * widest, 1));
  WEFT_ASSIGN(SlotPlan plan, slotPlan(shape, map));
  if (request.context < 1)
    return fail(ErrorCode::InvalidInput,
                fmt::format("The context is {} tokens; it must be at least 1.", request.context));
  if (request.batch < 1)
    return fail(ErrorCode::InvalidInput,
                fmt::format("The batch is {} sequences; it must be at least 1.", request.batch));
  // What a layer reads, at most: a mixture has many sources.
  std::int64_t most = 2 * std::int64_t{shape.queryHeads} * widest;
  for (int layer = 0; layer < shape.layers; ++layer) most = std::max(most, plan.elementsRead(layer));
  const double mostBytes = static_cast<double>(most) * static_cast<double>(bytesPerElement(request.cacheType)) *
                           shape.layers * static_cast<double>(request.context) * static_cast<double>(request.batch);
  if (mostBytes > kMaximumBytes) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("A batch of {} sequences of {} tokens is more than this model's KV cache can be counted for.",
                    request.batch, request.context));
  }
  return plan;
}

std::int64_t seen(std::optional<std::int64_t> window, std::int64_t context) {
  return window ? std::min(*window, context) : context;
}

// Elements that one token leaves in each layer's slots: 0 for a consumer.
std::vector<std::int64_t> keptElements(const SlotPlan& plan) {
  std::vector<std::int64_t> kept(plan.layers.size());
  for (const Slot& slot : plan.slots) kept[static_cast<std::size_t>(slot.layer)] += slot.elementsPerToken();
  return kept;
}

ParameterCount countParameters(const ModelShape& shape, const SharingMap& map, const SlotPlan& plan) {
  const std::int64_t layers = shape.layers;
  ParameterCount count;
  count.embedding = shape.vocabulary * shape.hidden;
  count.head = shape.embedding == EmbeddingTie::Untied ? count.embedding : 0;
  // One row of a projection for each element that is kept: V := K has one projection as it has one tensor.
  for (const Slot& slot : plan.slots) {
    count.keyValue += shape.hidden * slot.elementsPerToken();
    if (shape.hasQkvBias) count.biases += slot.elementsPerToken();
    if (shape.hasQkNorm && slot.keepsK) count.norms += slot.headWidth;
  }
  for (const LayerReads& layer : plan.layers) {
    const std::int64_t queries = std::int64_t{shape.queryHeads} * layer.keyWidth;
    count.query += shape.hidden * queries;
    count.output += std::int64_t{shape.queryHeads} * layer.valueWidth * shape.hidden;
    if (shape.hasQkvBias) count.biases += queries;
    if (shape.hasQkNorm) count.norms += layer.keyWidth;
    count.gates += layer.gates;
  }
  count.feedForward = 3 * layers * shape.hidden * shape.feedForward;
  count.norms += (2 * layers + 1) * shape.hidden;
  if (shape.kvNorm == KvNorm::Own) count.norms += static_cast<std::int64_t>(map.producers().size()) * shape.hidden;
  count.matmul = count.query + count.keyValue + count.output + count.feedForward + count.embedding;
  return count;
}

// Elements of the sources of a layer's mixtures, at one position; 0 where it mixes nothing.
std::int64_t mixedElements(const SlotPlan& plan, const LayerReads& layer) {
  std::int64_t elements = 0;
  const auto add = [&](const std::vector<SlotHeads>& parts, Reading::Join join) {
    if (join != Reading::Join::Mixture) return;
    for (const SlotHeads& part : parts)
      elements += std::int64_t{part.heads} * plan.slots[static_cast<std::size_t>(part.slot)].headWidth;
  };
  add(layer.keys, layer.joinsKeys);
  add(layer.values, layer.joinsValues);
  return elements;
}

FlopsPerToken countFlops(const ModelShape& shape, const SharingMap& map, const SlotPlan& plan,
                         const ParameterCount& parameters, std::int64_t context) {
  const double length = static_cast<double>(context);
  const std::vector<std::int64_t> kept = keptElements(plan);
  const LayerRange repeated = repeatedLayers(map);
  const double passes =
      static_cast<double>(std::min<std::int64_t>(shape.forwardPasses + shape.backwardPasses, context));
  const double recorded = std::min(static_cast<double>(shape.backwardPasses), passes);
  // Multiply-adds of the head and of every layer, each once forward; then with the passes of training and prefill.
  const double head = static_cast<double>(parameters.embedding);
  double once = head, forward = head, backward = head, seenForward = 0, seenBackward = 0, decoded = 0, mixing = 0;
  for (int layer = 0; layer < shape.layers; ++layer) {
    const double window = static_cast<double>(seen(map.windowOf(layer, shape.window), context));
    const LayerReads& reads = plan.layers[static_cast<std::size_t>(layer)];
    const double heads = shape.queryHeads, width = static_cast<double>(reads.keyWidth) + reads.valueWidth;
    const double attention = heads * width / 2;  // H D where keys and values are equally wide
    const double own = static_cast<double>(kept[static_cast<std::size_t>(layer)]);
    const double weights =
        static_cast<double>(shape.hidden) * (heads * width + 3 * static_cast<double>(shape.feedForward) + own);
    // Multiply-adds of the gates, a token.
    const double residual = map.layer(layer).residual ? own : 0;
    const double mixed = static_cast<double>(mixedElements(plan, reads));
    const bool isRepeated = layer >= repeated.begin && layer < repeated.end;
    const double times = isRepeated ? passes : 1, timesBack = isRepeated ? recorded : 1;
    once += weights + residual;
    forward += times * (weights + residual + mixed);
    backward += timesBack * (weights + residual + mixed);
    seenForward += times * window * (2 - window / length) * attention;
    seenBackward += timesBack * window * (2 - window / length) * attention;
    decoded += window * attention;
    mixing += window * mixed;
  }
  return {.train = 2 * (forward + seenForward) + 4 * (backward + seenBackward),
          .prefill = 2 * (forward + seenForward),
          .decode = 2 * once + 4 * decoded + 2 * mixing};
}

}  // namespace

LayerRange repeatedLayers(const SharingMap& map) {
  LayerRange range;
  for (int index = map.layerCount() - 1; index >= 0; --index) {
    if (!map.readsUpward(index)) continue;
    range.begin = index;
    for (const std::vector<HeadRange>& parts : {map.keyParts(index), map.valueParts(index)}) {
      for (const HeadRange& part : parts) range.end = std::max(range.end, part.source + 1);
    }
  }
  return range;
}

std::int64_t bytesPerElement(ElementType type) {
  for (const TypeName& known : kTypes) {
    if (known.type == type) return known.bytes;
  }
  return 0;
}

const char* toString(ElementType type) {
  for (const TypeName& known : kTypes) {
    if (known.type == type) return known.name;
  }
  return "";
}

Result<ElementType> parseElementType(std::string_view name) {
  std::vector<std::string> names;
  for (const TypeName& known : kTypes) {
    if (name == known.name || name == known.shortName) return known.type;
    names.emplace_back(known.name);
  }
  return fail(ErrorCode::InvalidInput,
              fmt::format("'{}' is no element type; take one of {}.", name, join(names, ", ")));
}

Result<CostReport> cost(const ModelShape& shape, const SharingMap& map, const CostRequest& request) {
  WEFT_ASSIGN(const SlotPlan plan, check(shape, map, request));
  CostReport report;
  report.parameters = countParameters(shape, map, plan);
  report.flops = countFlops(shape, map, plan, report.parameters, request.context);
  const std::int64_t element = bytesPerElement(request.cacheType);
  report.weightBytes = report.parameters.total() * element;
  const std::int64_t plainBytes = 2 * element * shape.headWidth * shape.kvHeads;
  const std::vector<std::int64_t> kept = keptElements(plan);
  for (int layer = 0; layer < shape.layers; ++layer) {
    LayerKv row;
    if (map.isProducer(layer)) {
      row.bytesPerToken = element * kept[static_cast<std::size_t>(layer)];
      row.bytesAtContext = row.bytesPerToken * seen(map.slotWindow(layer, shape.window), request.context);
    }
    row.bytesSavedPerToken = plainBytes - row.bytesPerToken;
    row.bytesSavedAtContext = plainBytes * request.context - row.bytesAtContext;
    report.kv.bytesPerToken += row.bytesPerToken;
    report.kv.bytesResident += request.batch * row.bytesAtContext;
    report.kv.bytesReadPerStep +=
        request.batch * element * plan.elementsRead(layer) * seen(map.windowOf(layer, shape.window), request.context);
    report.perLayer.push_back(row);
  }
  return report;
}

Result<std::int64_t> largestBatch(const ModelShape& shape, const SharingMap& map, const CostRequest& request,
                                  double deviceBytes, double reservedBytes) {
  CostRequest one = request;
  one.batch = 1;
  WEFT_ASSIGN(const CostReport report, cost(shape, map, one));
  const double free = deviceBytes - reservedBytes - static_cast<double>(report.weightBytes);
  if (!(free > 0)) return 0;
  return static_cast<std::int64_t>(
      std::min(std::floor(free / static_cast<double>(report.kv.bytesResident)), kMaximumBytes));
}

std::string explainKvBytesPerToken(const ModelShape& shape, const SharingMap& map, ElementType type) {
  struct Heads {
    std::int64_t keys = 0, values = 0, both = 0;  // both: V := K, one tensor
  };
  const std::vector<int> producers = map.producers();
  std::map<std::int64_t, Heads> byWidth;
  std::int64_t total = 0;
  bool isUniform = true;
  for (const int producer : producers) {
    const bool isValueKey = map.layer(producer).isValueKey;
    const std::int64_t width = map.headWidth(producer, shape.headWidth);
    const std::int64_t keys = map.producesK(producer) ? map.kvHeads(producer, shape.kvHeads) : 0;
    const std::int64_t values = map.producesV(producer) && !isValueKey ? map.valueHeads(producer, shape.kvHeads) : 0;
    Heads& heads = byWidth[width];
    (isValueKey ? heads.both : heads.keys) += keys;
    heads.values += values;
    total += bytesPerElement(type) * width * (keys + values);
    isUniform = isUniform && width == shape.headWidth && keys == shape.kvHeads && values == shape.kvHeads;
  }
  const std::string bytes = fmt::format("{} B · ", bytesPerElement(type));
  const std::string result = " = " + groupDigits(total) + " B";
  if (isUniform) {
    const std::string heads = shape.kvHeads == 1 ? "" : fmt::format("{} · ", shape.kvHeads);
    return fmt::format("2 · {}{}{} · {}", bytes, heads, shape.headWidth, producers.size()) + result;
  }
  std::vector<std::string> terms;
  for (const auto& [width, heads] : byWidth) {
    std::vector<std::string> kinds;
    if (heads.keys + heads.values > 0) kinds.push_back(fmt::format("{} K + {} V", heads.keys, heads.values));
    if (heads.both > 0) kinds.push_back(fmt::format("{} V := K", heads.both));
    terms.push_back(fmt::format("{} · ({} heads)", width, join(kinds, " + ")));
  }
  return terms.size() == 1 ? bytes + terms.front() + result : bytes + "(" + join(terms, " + ") + ")" + result;
}

}  // namespace weft::sharing
