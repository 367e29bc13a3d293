#include "engine/sharing/step_layout.h"

#include <algorithm>
#include <numeric>

namespace weft::sharing {

namespace {

// Scores of a round stay within the caches of a core, and a block is wide enough for a matrix product.
constexpr std::int64_t kTileElements = std::int64_t{1} << 20;
constexpr std::int64_t kMostQueries = 128, kFewestQueries = 16;
// Logits of a chunk, and the tokens below which the product with the head would wait for memory.
constexpr std::int64_t kLogitBytes = std::int64_t{16} << 20, kFewestLossTokens = 512;

std::int64_t widthOf(const ModelShape& shape, const SharingMap& map, int producer) {
  return std::int64_t{map.kvHeads(producer, shape.kvHeads)} * shape.headWidth;
}

struct Life {
  int layer = 0, lastReader = 0;
  std::int64_t bytes = 0;
};

// Each producer's gradients where those whose lives meet its own leave room, the lowest place first. Lives begin at the
// last reader and end at the producer: the backward pass counts layers down.
std::int64_t packed(const std::vector<Life>& lives, std::vector<StepLayer>& layers) {
  std::int64_t most = 0;
  std::vector<const Life*> placed;
  for (const Life& life : lives) {
    std::vector<const Life*> meeting;
    for (const Life* other : placed) {
      if (other->layer <= life.lastReader && life.layer <= other->lastReader) meeting.push_back(other);
    }
    const auto offsetOf = [&](const Life* one) { return layers[static_cast<std::size_t>(one->layer)].keyValueOffset; };
    std::sort(meeting.begin(), meeting.end(), [&](const Life* a, const Life* b) { return offsetOf(a) < offsetOf(b); });
    std::int64_t offset = 0;
    for (const Life* other : meeting) {
      if (offset + life.bytes <= offsetOf(other)) break;
      offset = std::max(offset, offsetOf(other) + other->bytes);
    }
    layers[static_cast<std::size_t>(life.layer)].keyValueOffset = offset;
    most = std::max(most, offset + life.bytes);
    placed.push_back(&life);
  }
  return most;
}

}  // namespace

AttentionBlocks attentionBlocks(const AttentionSizes& sizes) {
  AttentionBlocks blocks;
  blocks.groups = std::gcd(sizes.keyHeads, sizes.valueHeads);
  const std::int64_t heads = sizes.queryHeads / blocks.groups, units = sizes.batch * blocks.groups;
  const auto reach = [&](std::int64_t queries) {
    const std::int64_t seen = sizes.window ? *sizes.window - 1 + queries : sizes.sequence;
    return std::min(seen, sizes.sequence);
  };
  blocks.queries = std::min(kMostQueries, sizes.sequence);
  while (blocks.queries > kFewestQueries && heads * blocks.queries * reach(blocks.queries) > kTileElements)
    blocks.queries = (blocks.queries + 1) / 2;
  const std::int64_t unit = heads * blocks.queries * reach(blocks.queries);
  blocks.unitsAtOnce = std::clamp<std::int64_t>(kTileElements / unit, 1, units);
  blocks.tile = blocks.unitsAtOnce * unit;
  blocks.rows = blocks.unitsAtOnce * heads * blocks.queries;
  blocks.block = blocks.rows * sizes.headWidth;
  blocks.keys = sizes.batch * sizes.keyHeads * sizes.sequence * sizes.headWidth;
  blocks.values = sizes.batch * sizes.valueHeads * sizes.sequence * sizes.headWidth;
  return blocks;
}

std::int64_t StepLayer::kept() const {
  return stepAligned(attentionInput) + stepAligned(attentionScale) + stepAligned(projected) + stepAligned(headNormal) +
         stepAligned(headScale) + stepAligned(attended) + stepAligned(logSums) + stepAligned(mlpInput) +
         stepAligned(mlpScale) + stepAligned(gateUp);
}

std::int64_t StepScratch::bytes() const {
  const std::int64_t mlp = stepAligned(hidden) + stepAligned(branch);
  const std::int64_t attention = stepAligned(attendedGradient) + stepAligned(projectedGradient) +
                                 std::max(stepAligned(attentionBackward), stepAligned(branch));
  const std::int64_t loss = stepAligned(logits) + 3 * stepAligned(lossRows) + 2 * stepAligned(lossNumbers);
  return std::max({mlp, attention, stepAligned(attentionForward), loss});
}

std::int64_t StepLayout::kept() const {
  std::int64_t sum = 0;
  for (const StepLayer& layer : layers) sum += layer.kept();
  return sum;
}

StepLayout stepLayout(const ModelShape& shape, const SharingMap& map, const StepRequest& request) {
  const std::int64_t tokens = request.microBatch * request.sequence, element = bytesPerElement(request.computeType);
  const std::int64_t accumulate = request.computeType == ElementType::Float64 ? 8 : 4;
  const std::int64_t queries = std::int64_t{shape.queryHeads} * shape.headWidth;
  const bool isCast = request.parameterType != request.computeType;

  StepLayout layout;
  StepScratch& scratch = layout.scratch;
  layout.stream = stepAligned(tokens * shape.hidden * element);
  layout.tables = 2 * stepAligned(request.sequence * (shape.headWidth / 2) * accumulate);
  layout.tokens = 2 * stepAligned(tokens * 8);
  std::vector<Life> lives;
  std::int64_t widestPair = shape.hidden + std::max(2 * shape.feedForward, queries);
  for (int index = 0; index < shape.layers; ++index) {
    StepLayer layer;
    const LayerSharing& reads = map.layer(index);
    const std::int64_t keys = map.producesK(index) ? widthOf(shape, map, index) : 0;
    const std::int64_t values = map.producesV(index) ? widthOf(shape, map, index) : 0;
    const std::int64_t projected = queries + keys + values;
    layer.attentionInput = layer.mlpInput = tokens * shape.hidden * element;
    layer.attentionScale = layer.mlpScale = tokens * accumulate;
    layer.projected = tokens * projected * element;
    if (shape.hasQkNorm) {
      layer.headNormal = tokens * (queries + keys) * element;
      layer.headScale = tokens * (queries + keys) / shape.headWidth * accumulate;
    }
    layer.attended = tokens * queries * element;
    layer.logSums = tokens * shape.queryHeads * accumulate;
    layer.gateUp = tokens * 2 * shape.feedForward * element;
    layer.attention = {.batch = request.microBatch,
                       .sequence = request.sequence,
                       .queryHeads = shape.queryHeads,
                       .keyHeads = map.kvHeads(reads.kSource, shape.kvHeads),
                       .valueHeads = map.kvHeads(reads.vSource, shape.kvHeads),
                       .headWidth = shape.headWidth,
                       .window = map.windowOf(index, shape.window)};
    const AttentionBlocks blocks = attentionBlocks(layer.attention);
    scratch.attentionForward = std::max(scratch.attentionForward, blocks.forward() * accumulate);
    scratch.attentionBackward = std::max(scratch.attentionBackward, blocks.backward() * accumulate);
    scratch.projectedGradient = std::max(scratch.projectedGradient, layer.projected);
    if (keys + values > 0) {
      layer.keyValueGradients = stepAligned(tokens * (keys + values) * accumulate);
      const std::vector<int> readers = map.readersOf(index);
      lives.push_back({index, *std::max_element(readers.begin(), readers.end()), layer.keyValueGradients});
    }
    widestPair = std::max(widestPair, shape.hidden + projected);
    layout.weights += stepAligned(projected * shape.hidden * element) +
                      stepAligned(2 * shape.feedForward * shape.hidden * element) +
                      (shape.hasQkvBias ? stepAligned(projected * element) : 0);
    if (isCast)
      layout.weights +=
          stepAligned(queries * shape.hidden * element) + stepAligned(shape.feedForward * shape.hidden * element);
    layout.layers.push_back(layer);
  }
  layout.keyValueGradients = packed(lives, layout.layers);
  if (isCast) {
    const std::int64_t tables = shape.embedding == EmbeddingTie::Tied ? 1 : 2;
    layout.weights += tables * stepAligned(shape.vocabulary * shape.hidden * element);
  }
  scratch.hidden = tokens * shape.feedForward * element;
  scratch.branch = tokens * shape.hidden * element;
  scratch.attendedGradient = tokens * queries * element;
  scratch.lossChunk = std::min(tokens, std::max(kFewestLossTokens, kLogitBytes / (shape.vocabulary * element)));
  scratch.logits = scratch.lossChunk * shape.vocabulary * element;
  scratch.lossRows = scratch.lossChunk * shape.hidden * element;
  scratch.lossNumbers = scratch.lossChunk * accumulate;
  if (isCast) {
    layout.pool = std::max(tokens * widestPair, scratch.lossChunk * (shape.hidden + shape.vocabulary)) *
                  bytesPerElement(request.parameterType);
  }
  return layout;
}

}  // namespace weft::sharing
