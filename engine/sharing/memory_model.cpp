#include "engine/sharing/memory_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/sharing/step_layout.h"
#include "engine/sharing/trainable.h"

namespace weft::sharing {

namespace {

constexpr std::int64_t kMostSequences = std::int64_t{1} << 24;
constexpr double kMostBytes = 9e18;

// The sizes that every line below multiplies.
struct Sizes {
  std::int64_t batch, sequence, tokens, hidden, feedForward, attention, element, accumulate;
};

Result<Sizes> sizesOf(const ModelShape& shape, const TrainingRequest& request) {
  const bool isFloat64 = request.parameterType == ElementType::Float64 && request.computeType == ElementType::Float64;
  const bool isFloat32 = request.parameterType == ElementType::Float32 &&
                         (request.computeType == ElementType::Float32 || request.computeType == ElementType::BFloat16);
  if (!isFloat64 && !isFloat32) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("Parameters in {} do not train in {}; it is float32 in float32 or bfloat16, or float64 in itself.",
                    toString(request.parameterType), toString(request.computeType)));
  }
  if (request.microBatch > kMostSequences) {
    return fail(ErrorCode::InvalidInput, fmt::format("The micro batch is {} sequences; it must be at most {}.",
                                                     request.microBatch, kMostSequences));
  }
  // Of what is counted, generously: nothing may leave int64.
  const double tokens = static_cast<double>(request.microBatch) * static_cast<double>(request.sequence);
  const double attention = static_cast<double>(shape.queryHeads) * shape.headWidth;
  const double perToken = 8 * static_cast<double>(shape.hidden) + 10 * attention +
                          3 * static_cast<double>(shape.feedForward) + static_cast<double>(shape.vocabulary) +
                          3.0 * shape.queryHeads * static_cast<double>(request.sequence) + 16;
  if (8 * perToken * tokens * shape.layers * std::max(1, shape.backwardPasses) > kMostBytes) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("A micro batch of {} sequences of {} tokens is more than this model's memory can be counted for.",
                    request.microBatch, request.sequence));
  }
  return Sizes{.batch = request.microBatch,
               .sequence = request.sequence,
               .tokens = request.microBatch * request.sequence,
               .hidden = shape.hidden,
               .feedForward = shape.feedForward,
               .attention = std::int64_t{shape.queryHeads} * shape.headWidth,
               .element = bytesPerElement(request.computeType),
               .accumulate = request.computeType == ElementType::Float64 ? 8 : 4};
}

class Counter {
 public:
  Counter(const ModelShape& shape, const SharingMap& map, const TrainingRequest& request, const Sizes& sizes)
      : m_shape(shape), m_map(map), m_request(request), m_sizes(sizes) {}

  ActivationBytes count() const {
    const Sizes& s = m_sizes;
    const std::int64_t stream = s.tokens * s.hidden * s.element, norm = stream + s.tokens * s.accumulate;
    const bool isCast = m_request.parameterType != m_request.computeType;
    ActivationBytes bytes;
    bytes.stream = stream;
    bytes.norms = norm;
    bytes.logits = s.tokens * m_shape.vocabulary * s.element;
    bytes.castWeights = isCast ? m_shape.vocabulary * s.hidden * s.element : 0;
    bytes.tables = 2 * s.sequence * (m_shape.headWidth / 2) * s.accumulate + 2 * s.accumulate;
    const LayerRange repeated = repeatedLayers(m_map);
    const std::int64_t passes = std::min<std::int64_t>(m_shape.forwardPasses + m_shape.backwardPasses, s.sequence);
    const std::int64_t recorded = std::min<std::int64_t>(m_shape.backwardPasses, passes);
    for (int layer = 0; layer < m_shape.layers; ++layer) {
      const std::int64_t times = layer >= repeated.begin && layer < repeated.end ? recorded : 1;
      const bool hasKvNorm = m_map.isProducer(layer) && m_shape.kvNorm == KvNorm::Own;
      bytes.stream += times * 2 * stream;
      bytes.norms += times * (hasKvNorm ? 3 : 2) * norm;
      if (m_shape.hasQkNorm) {
        const std::int64_t heads =
            m_shape.queryHeads + (m_map.producesK(layer) ? m_map.kvHeads(layer, m_shape.kvHeads) : 0);
        bytes.norms += times * s.tokens * heads * (m_shape.headWidth * s.element + s.accumulate);
      }
      bytes.queries += times * s.tokens * s.attention * s.element;
      bytes.keysValues += times * keysValuesOf(layer);
      bytes.attention += times * attentionOf(layer);
      bytes.attentionOut += times * s.tokens * s.attention * s.element;
      bytes.feedForward += times * 3 * s.tokens * s.feedForward * s.element;
      if (isCast) bytes.castWeights += times * weightsOf(layer) * s.element;
    }
    return bytes;
  }

 private:
  bool isFused(int layer) const {
    const std::optional<std::int64_t> window = m_map.windowOf(layer, m_shape.window);
    return m_request.attention == AttentionKernel::Fused && m_request.computeType == ElementType::BFloat16 &&
           !(window && *window < m_sizes.sequence);
  }

  std::int64_t widthOf(int producer) const {
    return std::int64_t{m_map.kvHeads(producer, m_shape.kvHeads)} * m_shape.headWidth;
  }

  // Written out, attention multiplies [B G, T, D]: V, whose heads lie side by side in a token, is copied for that.
  bool copiesV(int layer) const {
    const int source = m_map.layer(layer).vSource;
    return !isFused(layer) && m_sizes.batch > 1 && m_sizes.sequence > 1 && m_map.kvHeads(source, m_shape.kvHeads) > 1;
  }

  // What this layer produces, and its copy of the V that it reads.
  std::int64_t keysValuesOf(int layer) const {
    const std::int64_t one = m_sizes.tokens * m_sizes.element;
    std::int64_t bytes = m_map.producesK(layer) ? one * widthOf(layer) : 0;
    if (m_map.producesV(layer)) {
      const std::vector<int> readers = m_map.readersOf(layer);
      const bool isReadInPlace = std::any_of(readers.begin(), readers.end(), [&](int reader) {
        return m_map.layer(reader).vSource == layer && !copiesV(reader);
      });
      if (isReadInPlace) bytes += one * widthOf(layer);
    }
    if (copiesV(layer)) bytes += one * widthOf(m_map.layer(layer).vSource);
    return bytes;
  }

  std::int64_t attentionOf(int layer) const {
    const Sizes& s = m_sizes;
    if (isFused(layer)) return s.tokens * s.attention * s.element + s.tokens * m_shape.queryHeads * s.accumulate;
    const std::int64_t weights = s.tokens * m_shape.queryHeads * s.sequence;
    const std::int64_t mask =
        s.sequence > 1 ? s.sequence * s.sequence : 0;  // a single token sees itself: no mask is made
    return weights * (s.accumulate + (s.element != s.accumulate ? s.element : 0)) + mask;
  }

  std::int64_t weightsOf(int layer) const {
    const std::int64_t own =
        (m_map.producesK(layer) ? widthOf(layer) : 0) + (m_map.producesV(layer) ? widthOf(layer) : 0);
    return m_sizes.hidden * (2 * m_sizes.attention + own + 3 * m_sizes.feedForward);
  }

  const ModelShape& m_shape;
  const SharingMap& m_map;
  const TrainingRequest& m_request;
  const Sizes& m_sizes;
};

// The same arenas by what is in them; each buffer with what its alignment adds.
ActivationBytes writtenOut(const ModelShape& shape, const StepLayout& layout, const Sizes& sizes) {
  ActivationBytes bytes;
  bytes.stream = layout.stream;
  bytes.castWeights = layout.weights;
  bytes.tables = layout.tables;
  bytes.keyValueGradients = layout.keyValueGradients;
  bytes.scratch = layout.scratch.bytes();
  bytes.tokens = layout.tokens;
  const std::int64_t queries = sizes.tokens * shape.queryHeads * shape.headWidth * sizes.element;
  for (const StepLayer& layer : layout.layers) {
    bytes.norms += stepAligned(layer.attentionInput) + stepAligned(layer.attentionScale) + stepAligned(layer.mlpInput) +
                   stepAligned(layer.mlpScale) + stepAligned(layer.headNormal) + stepAligned(layer.headScale);
    bytes.queries += queries;
    bytes.keysValues += stepAligned(layer.projected) - queries;
    bytes.attention += stepAligned(layer.logSums);
    bytes.attentionOut += stepAligned(layer.attended);
    bytes.feedForward += stepAligned(layer.gateUp);
  }
  return bytes;
}

}  // namespace

AttentionKernel trainingAttention(const SharingMap& map, ElementType computeType, Processor processor) {
  if (processor == Processor::Cpu && repeatedLayers(map).end == 0) return AttentionKernel::Blocks;
  return processor == Processor::Cuda && computeType == ElementType::BFloat16 ? AttentionKernel::Fused
                                                                              : AttentionKernel::Explicit;
}

Result<TrainingMemory> trainingMemory(const ModelShape& shape, const SharingMap& map, const TrainingRequest& request) {
  WEFT_TRY(checkTrainable(map));
  // cost() checks the shape, the map and both sizes.
  WEFT_ASSIGN(
      const CostReport report,
      cost(shape, map, {.cacheType = request.computeType, .context = request.sequence, .batch = request.microBatch}));
  WEFT_ASSIGN(const Sizes sizes, sizesOf(shape, request));
  TrainingMemory memory;
  memory.parameters = memory.gradients = report.parameters.total() * bytesPerElement(request.parameterType);
  memory.moments = 2 * memory.parameters;
  if (request.attention == AttentionKernel::Blocks) {
    const StepLayout layout = stepLayout(shape, map,
                                         {.sequence = request.sequence,
                                          .microBatch = request.microBatch,
                                          .parameterType = request.parameterType,
                                          .computeType = request.computeType});
    memory.activations = writtenOut(shape, layout, sizes);
    memory.workspace = layout.pool;
    return memory;
  }
  memory.activations = Counter(shape, map, request, sizes).count();
  memory.workspace = memory.activations.logits;
  return memory;
}

Result<std::int64_t> largestMicroBatch(const ModelShape& shape, const SharingMap& map, const TrainingRequest& request,
                                       double deviceBytes, double reservedBytes) {
  const auto fits = [&](std::int64_t batch) -> Result<bool> {
    TrainingRequest asked = request;
    asked.microBatch = batch;
    WEFT_ASSIGN(const TrainingMemory memory, trainingMemory(shape, map, asked));
    return static_cast<double>(memory.peak()) <= deviceBytes - reservedBytes;
  };
  WEFT_ASSIGN(const bool fitsOne, fits(1));
  if (!fitsOne) return 0;
  // The peak grows with the batch, and a batch that cannot be counted does not fit.
  std::int64_t least = 1, most = kMostSequences + 1;
  while (most - least > 1) {
    const std::int64_t middle = least + (most - least) / 2;
    (fits(middle).value_or(false) ? least : most) = middle;
  }
  return least;
}

}  // namespace weft::sharing
