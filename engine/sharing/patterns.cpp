#include "engine/sharing/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::sharing {

namespace {

Result<void> checkLayers(std::string_view pattern, int layers, int minimum) {
  if (layers >= minimum && layers <= SharingMap::kMaximumLayers) return {};
  return fail(ErrorCode::InvalidInput, fmt::format("{} is a pattern of {} to {} layers, not of {}.", pattern, minimum,
                                                   SharingMap::kMaximumLayers, layers));
}

Result<void> checkNumber(std::string_view what, int number, int minimum, int maximum) {
  if (number >= minimum && number <= maximum) return {};
  return fail(ErrorCode::InvalidInput,
              fmt::format("{} {} do not fit here: take {} to {}.", number, what, minimum, maximum));
}

// Layers begin .. end-1 all read `source`.
void share(std::vector<int>& sources, int begin, int end, int source) {
  for (int layer = begin; layer < end; ++layer) sources[static_cast<std::size_t>(layer)] = source;
}

std::vector<int> ownSources(int layers) {
  std::vector<int> sources(static_cast<std::size_t>(layers));
  for (int layer = 0; layer < layers; ++layer) sources[static_cast<std::size_t>(layer)] = layer;
  return sources;
}

int targetOf(Target target, int begin, int end) {
  if (target == Target::Bottom) return begin;
  return target == Target::Top ? end - 1 : (begin + end - 1) / 2;
}

LayerSharing reads(int source, Window::Kind window) {
  return {.kSource = source, .vSource = source, .window = {.kind = window}, .kvHeads = {}};
}

}  // namespace

Result<SharingMap> claN(int layers, int n) {
  WEFT_TRY(checkLayers("CLA", layers, 1));
  if (n < 1 || n > layers) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("CLA{} groups {} layers, but the model has {}: take 1 to {}.", n, n, layers, layers));
  }
  const int shortGroup = layers % n;
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) {
    sources.push_back(layer < shortGroup ? 0 : shortGroup + (layer - shortGroup) / n * n);
  }
  return SharingMap::fromSources(sources);
}

Result<SharingMap> keepEnds(int layers) {
  WEFT_TRY(checkLayers("keep-ends", layers, 3));
  WEFT_ASSIGN(const SharingMap middle, claN(layers - 2, std::min(2, layers - 2)));
  std::vector<int> sources{0};
  for (int layer = 0; layer < middle.layerCount(); ++layer) sources.push_back(middle.layer(layer).kSource + 1);
  sources.push_back(layers - 1);
  return SharingMap::fromSources(sources);
}

Result<SharingMap> denseFront(int layers) {
  WEFT_TRY(checkLayers("dense-front", layers, 3));
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer)
    sources.push_back(layer == layers - 1 ? layer : std::min(layer, layers / 2 - 1));
  return SharingMap::fromSources(sources);
}

Result<SharingMap> denseBack(int layers) {
  WEFT_TRY(checkLayers("dense-back", layers, 3));
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) sources.push_back(layer >= 1 && layer <= layers / 2 ? 1 : layer);
  return SharingMap::fromSources(sources);
}

Result<SharingMap> shareFactor(int layers, int n) {
  WEFT_TRY(checkLayers("hunyuan", layers, 1));
  WEFT_TRY(checkNumber("layers a group", n, 1, layers));
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) sources.push_back(layer - layer % n);
  return SharingMap::fromSources(sources);
}

Result<SharingMap> mlkv(int layers, int kvLayers) {
  WEFT_TRY(checkLayers("mlkv", layers, 1));
  WEFT_TRY(checkNumber("KV layers", kvLayers, 1, layers));
  std::vector<int> sources = ownSources(layers);
  for (int group = 0; group < kvLayers; ++group) {
    const int begin = group * layers / kvLayers, end = (group + 1) * layers / kvLayers;
    share(sources, begin, end, begin);
  }
  return SharingMap::fromSources(sources);
}

Result<SharingMap> layout(int layers, Partition partition, Target target, int kvLayers) {
  WEFT_TRY(checkLayers("this layout", layers, 1));
  const bool needsOwnFirst = target != Target::Bottom;
  WEFT_TRY(checkNumber("KV layers", kvLayers, std::min(needsOwnFirst ? 2 : 1, layers), layers));
  std::vector<int> sources = ownSources(layers);
  if (partition == Partition::Lasagna) {
    const bool apart = needsOwnFirst && kvLayers > 1;
    const int first = apart ? 1 : 0, groups = kvLayers - first, rest = layers - first;
    for (int group = 0; group < groups; ++group) {
      const int begin = first + group * rest / groups, end = first + (group + 1) * rest / groups;
      share(sources, begin, end, targetOf(target, begin, end));
    }
  } else {
    const int own = kvLayers - 1, front = partition == Partition::Pizza ? own : (own + 1) / 2;
    const int end = layers - (own - front);
    share(sources, front, end, targetOf(target, front, end));
  }
  return SharingMap::fromSources(sources, UpwardReads::Allow);
}

Result<SharingMap> lckv(int layers, int warmupLayers) {
  WEFT_TRY(checkLayers("lckv", layers, 2));
  WEFT_TRY(checkNumber("warm-up layers", warmupLayers, 1, layers - 1));
  return layout(layers, Partition::Sandwich, Target::Top, warmupLayers + 1);
}

Result<SharingMap> yoco(int layers) {
  WEFT_TRY(checkLayers("yoco", layers, 2));
  const int half = layers / 2;
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer) {
    made.push_back(layer < half ? reads(layer, Window::Kind::Model) : reads(half, Window::Kind::Full));
  }
  return SharingMap::create(std::move(made));
}

Result<SharingMap> gemma3n(int layers, int shared) {
  WEFT_TRY(checkLayers("gemma-3n", layers, 1));
  constexpr int kBlock = 5;
  // Both kinds must be there before the layers that read them; with fewer than one block the full kind may have none.
  const int most = layers < kBlock ? layers - 1 : layers - kBlock;
  WEFT_TRY(checkNumber("shared layers", shared, 0, most));
  const auto isFull = [](int layer) { return layer % kBlock == kBlock - 1; };
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer) {
    int source = std::min(layer, layers - shared - 1);
    while (source < layer && isFull(source) != isFull(layer)) --source;
    made.push_back(reads(source, isFull(layer) ? Window::Kind::Full : Window::Kind::Model));
  }
  return SharingMap::create(std::move(made));
}

Result<SharingMap> apple(int layers) {
  WEFT_TRY(checkLayers("apple", layers, 2));
  const int own = (layers * 5 + 4) / 8;  // 62.5 %, rounded
  std::vector<int> sources;
  for (int layer = 0; layer < layers; ++layer) sources.push_back(std::min(layer, own - 1));
  return SharingMap::fromSources(sources);
}

Result<SharingMap> mixAttention(int layers) {
  WEFT_TRY(checkLayers("mix-attention", layers, 1));
  constexpr int kBlock = 6;
  std::vector<LayerSharing> made;
  for (int layer = 0; layer < layers; ++layer) {
    const int block = layer / kBlock, begin = block * kBlock, place = layer - begin;
    if (place == 0) {
      made.push_back(reads(begin - (block % 2) * kBlock, Window::Kind::Full));
    } else {
      made.push_back(reads(begin + (place < 3 ? 1 : 3), Window::Kind::Model));
    }
  }
  return SharingMap::create(std::move(made));
}

Result<SharingMap> hymba(int layers) {
  WEFT_TRY(checkLayers("hymba", layers, 3));
  const int middle = (layers - 1) / 2;
  std::vector<LayerSharing> made;
  for (const auto& [begin, end] : {std::pair(0, middle), std::pair(middle, layers - 1)}) {
    made.push_back(reads(begin, Window::Kind::Full));
    const int stretch = end - begin - 1;
    const int first = std::min(2 + stretch % 2, stretch);  // the first group's layers
    for (int place = 0; place < stretch; ++place) {
      const int group = place < first ? 0 : first + (place - first) / 2 * 2;
      made.push_back(reads(begin + 1 + group, Window::Kind::Model));
    }
  }
  made.push_back(reads(layers - 1, Window::Kind::Full));
  return SharingMap::create(std::move(made));
}

}  // namespace weft::sharing
