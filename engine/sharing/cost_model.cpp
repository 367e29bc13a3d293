#include "engine/sharing/cost_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "engine/base/text.h"

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

Result<void> checkHeads(const ModelShape& shape, const SharingMap& map) {
  for (const int producer : map.producers()) {
    const int heads = map.kvHeads(producer, shape.kvHeads);
    if (heads < 1 || heads > shape.queryHeads || shape.queryHeads % heads != 0) {
      return fail(ErrorCode::InvalidInput,
                  fmt::format("Layer {} has {} KV heads, which do not divide the {} query heads.", producer, heads,
                              shape.queryHeads));
    }
  }
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    const LayerSharing& sources = map.layer(layer);
    const int keyHeads = map.kvHeads(sources.kSource, shape.kvHeads),
              valueHeads = map.kvHeads(sources.vSource, shape.kvHeads);
    if (keyHeads != valueHeads) {
      return fail(
          ErrorCode::InvalidInput,
          fmt::format("Layer {} reads K with {} heads from layer {} and V with {} heads from layer {}; the two must "
                      "have equally many.",
                      layer, keyHeads, sources.kSource, valueHeads, sources.vSource));
    }
  }
  return {};
}

Result<void> check(const ModelShape& shape, const SharingMap& map, const CostRequest& request) {
  if (map.layerCount() != shape.layers) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("The map has {} layers, but the model has {}.", map.layerCount(), shape.layers));
  }
  WEFT_TRY(checkSize("The hidden size", shape.hidden, 1));
  WEFT_TRY(checkSize("The feed-forward size", shape.feedForward, 1));
  WEFT_TRY(checkSize("The vocabulary", shape.vocabulary, 0));
  WEFT_TRY(checkSize("The number of query heads", shape.queryHeads, 1));
  WEFT_TRY(checkSize("The head width", shape.headWidth, 1));
  WEFT_TRY(checkSize("The product of query heads and head width", std::int64_t{shape.queryHeads} * shape.headWidth, 1));
  WEFT_TRY(checkHeads(shape, map));
  if (request.context < 1)
    return fail(ErrorCode::InvalidInput,
                fmt::format("The context is {} tokens; it must be at least 1.", request.context));
  if (request.batch < 1)
    return fail(ErrorCode::InvalidInput,
                fmt::format("The batch is {} sequences; it must be at least 1.", request.batch));
  const double mostBytes = 2.0 * static_cast<double>(bytesPerElement(request.cacheType)) * shape.layers *
                           shape.queryHeads * shape.headWidth * static_cast<double>(request.context) *
                           static_cast<double>(request.batch);
  if (mostBytes > kMaximumBytes) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("A batch of {} sequences of {} tokens is more than this model's KV cache can be counted for.",
                    request.batch, request.context));
  }
  return {};
}

std::int64_t seen(std::optional<std::int64_t> window, std::int64_t context) {
  return window ? std::min(*window, context) : context;
}

// Bytes that one token leaves in this producer's slot.
std::int64_t slotBytes(const ModelShape& shape, const SharingMap& map, int layer, ElementType type) {
  const std::int64_t one = bytesPerElement(type) * map.kvHeads(layer, shape.kvHeads) * shape.headWidth;
  return (map.producesK(layer) ? one : 0) + (map.producesV(layer) ? one : 0);
}

ParameterCount countParameters(const ModelShape& shape, const SharingMap& map) {
  const std::int64_t layers = shape.layers, attention = std::int64_t{shape.queryHeads} * shape.headWidth;
  const std::vector<int> producers = map.producers();
  ParameterCount count;
  count.embedding = shape.vocabulary * shape.hidden;
  count.head = shape.embedding == EmbeddingTie::Untied ? count.embedding : 0;
  count.query = layers * shape.hidden * attention;
  for (const int producer : producers) {
    const std::int64_t width = std::int64_t{map.kvHeads(producer, shape.kvHeads)} * shape.headWidth;
    const std::int64_t rows = (map.producesK(producer) ? width : 0) + (map.producesV(producer) ? width : 0);
    count.keyValue += shape.hidden * rows;
    if (shape.hasQkvBias) count.biases += rows;
    if (shape.hasQkNorm && map.producesK(producer)) count.norms += shape.headWidth;
  }
  if (shape.hasQkvBias) count.biases += layers * attention;
  count.output = layers * attention * shape.hidden;
  count.feedForward = 3 * layers * shape.hidden * shape.feedForward;
  count.norms += (2 * layers + 1) * shape.hidden + (shape.hasQkNorm ? layers * shape.headWidth : 0);
  if (shape.kvNorm == KvNorm::Own) count.norms += static_cast<std::int64_t>(producers.size()) * shape.hidden;
  count.matmul = count.query + count.keyValue + count.output + count.feedForward + count.embedding;
  return count;
}

FlopsPerToken countFlops(const ModelShape& shape, const SharingMap& map, const ParameterCount& parameters,
                         std::int64_t context) {
  const double attention = static_cast<double>(shape.queryHeads) * shape.headWidth,
               length = static_cast<double>(context);
  const LayerRange repeated = repeatedLayers(map);
  const double passes =
      static_cast<double>(std::min<std::int64_t>(shape.forwardPasses + shape.backwardPasses, context));
  const double recorded = std::min(static_cast<double>(shape.backwardPasses), passes);
  // Multiply-adds of the head and of every layer, each once forward; then with the passes of training and prefill.
  const double head = static_cast<double>(parameters.embedding);
  double once = head, forward = head, backward = head, seenForward = 0, seenBackward = 0, decoded = 0;
  for (int layer = 0; layer < shape.layers; ++layer) {
    const double window = static_cast<double>(seen(map.windowOf(layer, shape.window), context));
    const std::int64_t own =
        map.isProducer(layer) ? slotBytes(shape, map, layer, ElementType::Int8) : 0;  // K and V values of a token
    const double weights = static_cast<double>(shape.hidden) *
                           (2 * attention + 3 * static_cast<double>(shape.feedForward) + static_cast<double>(own));
    const bool isRepeated = layer >= repeated.begin && layer < repeated.end;
    const double times = isRepeated ? passes : 1, timesBack = isRepeated ? recorded : 1;
    once += weights;
    forward += times * weights;
    backward += timesBack * weights;
    seenForward += times * window * (2 - window / length) * attention;
    seenBackward += timesBack * window * (2 - window / length) * attention;
    decoded += window * attention;
  }
  return {.train = 2 * (forward + seenForward) + 4 * (backward + seenBackward),
          .prefill = 2 * (forward + seenForward),
          .decode = 2 * once + 4 * decoded};
}

}  // namespace

LayerRange repeatedLayers(const SharingMap& map) {
  LayerRange range;
  for (int index = map.layerCount() - 1; index >= 0; --index) {
    if (!map.readsUpward(index)) continue;
    range.begin = index;
    range.end = std::max({range.end, map.layer(index).kSource + 1, map.layer(index).vSource + 1});
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
  WEFT_TRY(check(shape, map, request));
  CostReport report;
  report.parameters = countParameters(shape, map);
  report.flops = countFlops(shape, map, report.parameters, request.context);
  report.weightBytes = report.parameters.total() * bytesPerElement(request.cacheType);
  const std::int64_t element = bytesPerElement(request.cacheType) * shape.headWidth;
  const std::int64_t plainBytes = 2 * element * shape.kvHeads;
  for (int layer = 0; layer < shape.layers; ++layer) {
    LayerKv row;
    if (map.isProducer(layer)) {
      row.bytesPerToken = slotBytes(shape, map, layer, request.cacheType);
      row.bytesAtContext = row.bytesPerToken * seen(map.slotWindow(layer, shape.window), request.context);
    }
    row.bytesSavedPerToken = plainBytes - row.bytesPerToken;
    row.bytesSavedAtContext = plainBytes * request.context - row.bytesAtContext;
    const std::int64_t heads =
        map.kvHeads(map.layer(layer).kSource, shape.kvHeads) + map.kvHeads(map.layer(layer).vSource, shape.kvHeads);
    report.kv.bytesPerToken += row.bytesPerToken;
    report.kv.bytesResident += request.batch * row.bytesAtContext;
    report.kv.bytesReadPerStep +=
        request.batch * element * heads * seen(map.windowOf(layer, shape.window), request.context);
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
  const std::vector<int> producers = map.producers();
  std::int64_t keyHeads = 0, valueHeads = 0, total = 0;
  bool isUniform = true;
  for (const int producer : producers) {
    const int heads = map.kvHeads(producer, shape.kvHeads);
    keyHeads += map.producesK(producer) ? heads : 0;
    valueHeads += map.producesV(producer) ? heads : 0;
    total += slotBytes(shape, map, producer, type);
    isUniform = isUniform && heads == shape.kvHeads && map.producesK(producer) && map.producesV(producer);
  }
  const std::string bytes = fmt::format("{} B · ", bytesPerElement(type));
  const std::string result = " = " + groupDigits(total) + " B";
  if (!isUniform)
    return fmt::format("{}{} · ({} K + {} V heads)", bytes, shape.headWidth, keyHeads, valueHeads) + result;
  const std::string heads = shape.kvHeads == 1 ? "" : fmt::format("{} · ", shape.kvHeads);
  return fmt::format("2 · {}{}{} · {}", bytes, heads, shape.headWidth, producers.size()) + result;
}

}  // namespace weft::sharing
