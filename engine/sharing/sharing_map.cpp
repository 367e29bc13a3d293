#include "engine/sharing/sharing_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::sharing {

namespace {

using Layers = std::vector<LayerSharing>;

const LayerSharing& at(const Layers& layers, int index) { return layers[static_cast<std::size_t>(index)]; }

// K or V: the same rules hold for each.
struct Role {
  const char* name;
  int LayerSharing::*source;
};
constexpr Role kKey{"K", &LayerSharing::kSource};
constexpr Role kValue{"V", &LayerSharing::vSource};
constexpr Role kBoth{"K and V", &LayerSharing::kSource};

// The producer at the end of the chain of sources that starts at `layer`; nullopt if the chain leaves the map or never
// ends.
std::optional<int> producerBehind(const Layers& layers, int layer, int LayerSharing::*source) {
  const int count = static_cast<int>(layers.size());
  for (int steps = 0; steps <= count && layer >= 0 && layer < count; ++steps) {
    const int next = at(layers, layer).*source;
    if (next == layer) return layer;
    layer = next;
  }
  return std::nullopt;
}

// The nearest earlier producer; the layer itself if there is none.
int nearestSourceBelow(const Layers& layers, int layer, int LayerSharing::*source) {
  for (int candidate = layer - 1; candidate >= 0; --candidate) {
    if (at(layers, candidate).*source == candidate) return candidate;
  }
  return layer;
}

void checkSource(const Layers& layers, int index, const Role& role, UpwardReads upward,
                 std::vector<MapProblem>& problems) {
  const int count = static_cast<int>(layers.size());
  const int source = at(layers, index).*role.source;
  const int below = nearestSourceBelow(layers, index, role.source);
  if (source < 0 || source >= count) {
    problems.push_back({index,
                        fmt::format("Layer {} reads {} from layer {}, but the layers are 0 to {}.", index, role.name,
                                    source, count - 1),
                        below});
    return;
  }
  if (source > index && upward == UpwardReads::Refuse) {
    problems.push_back({index,
                        fmt::format("Layer {} reads {} from layer {}, which comes later and would need iterative "
                                    "passes: read from layer {}, or "
                                    "allow upward reads on purpose (--allow-upward, model.allow_upward = true).",
                                    index, role.name, source, below),
                        below});
    return;
  }
  if (at(layers, source).*role.source != source) {
    std::optional<int> producer = producerBehind(layers, source, role.source);
    if (!producer || (*producer > index && upward == UpwardReads::Refuse)) producer = below;
    problems.push_back(
        {index,
         fmt::format(
             "Layer {} reads {} from layer {}, which produces none but reads layer {}'s: read from layer {} instead.",
             index, role.name, source, at(layers, source).*role.source, *producer),
         producer});
  }
}

}  // namespace

std::vector<MapProblem> validate(const Layers& layers, UpwardReads upward) {
  if (layers.empty()) return {{-1, "The map has no layers; it needs at least one.", std::nullopt}};
  if (layers.size() > static_cast<std::size_t>(SharingMap::kMaximumLayers)) {
    return {{-1,
             fmt::format("The map has {} layers; at most {} are possible.", layers.size(), SharingMap::kMaximumLayers),
             std::nullopt}};
  }
  std::vector<MapProblem> problems;
  for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
    const LayerSharing& layer = at(layers, index);
    if (layer.kSource == layer.vSource) {
      // One sentence for both when both are wrong alike; V's own when only V's source produces no V.
      const std::size_t before = problems.size();
      checkSource(layers, index, kBoth, upward, problems);
      if (problems.size() == before) checkSource(layers, index, kValue, upward, problems);
    } else {
      checkSource(layers, index, kKey, upward, problems);
      checkSource(layers, index, kValue, upward, problems);
    }
    if (layer.window.kind == Window::Kind::Own && layer.window.positions < 1) {
      problems.push_back({index,
                          fmt::format("Layer {} has a window of {} positions; it needs at least 1, the token's own.",
                                      index, layer.window.positions),
                          std::nullopt});
    }
    if (layer.kvHeads && layer.kSource != index && layer.vSource != index) {
      problems.push_back(
          {index,
           fmt::format("Layer {} reads its K and V from others, so it has no KV heads of its own: take 'h{}' away.",
                       index, *layer.kvHeads),
           std::nullopt});
    } else if (layer.kvHeads && *layer.kvHeads < 1) {
      problems.push_back(
          {index, fmt::format("Layer {} has {} KV heads; it needs at least 1.", index, *layer.kvHeads), std::nullopt});
    }
  }
  return problems;
}

Result<SharingMap> SharingMap::create(Layers layers, UpwardReads upward) {
  const std::vector<MapProblem> problems = validate(layers, upward);
  if (!problems.empty()) return fail(ErrorCode::InvalidInput, problems.front().message);
  return SharingMap(std::move(layers));
}

Result<SharingMap> SharingMap::fromSources(const std::vector<int>& sources, UpwardReads upward) {
  Layers layers;
  layers.reserve(sources.size());
  for (const int source : sources)
    layers.push_back({.kSource = source, .vSource = source, .window = {}, .kvHeads = {}});
  return create(std::move(layers), upward);
}

SharingMap SharingMap::identity(int layers) {
  Layers own;
  own.reserve(static_cast<std::size_t>(std::max(layers, 0)));
  for (int index = 0; index < layers; ++index)
    own.push_back({.kSource = index, .vSource = index, .window = {}, .kvHeads = {}});
  return SharingMap(std::move(own));
}

std::vector<int> SharingMap::producers() const {
  std::vector<int> found;
  for (int index = 0; index < layerCount(); ++index) {
    if (isProducer(index)) found.push_back(index);
  }
  return found;
}

std::vector<int> SharingMap::readersOf(int producer) const {
  std::vector<int> readers;
  for (int index = 0; index < layerCount(); ++index) {
    if (layer(index).kSource == producer || layer(index).vSource == producer) readers.push_back(index);
  }
  return readers;
}

int SharingMap::kvHeads(int producer, int modelKvHeads) const { return layer(producer).kvHeads.value_or(modelKvHeads); }

std::optional<std::int64_t> SharingMap::windowOf(int index, std::optional<std::int64_t> modelWindow) const {
  const Window& window = layer(index).window;
  switch (window.kind) {
    case Window::Kind::Full:
      return std::nullopt;
    case Window::Kind::Model:
      return modelWindow;
    case Window::Kind::Own:
      break;
  }
  return window.positions;
}

std::optional<std::int64_t> SharingMap::slotWindow(int producer, std::optional<std::int64_t> modelWindow) const {
  std::int64_t largest = 0;
  for (const int reader : readersOf(producer)) {
    const std::optional<std::int64_t> window = windowOf(reader, modelWindow);
    if (!window) return std::nullopt;
    largest = std::max(largest, *window);
  }
  return largest;
}

bool SharingMap::isIdentity() const { return *this == identity(layerCount()); }

bool SharingMap::readsUpward(int index) const { return std::max(layer(index).kSource, layer(index).vSource) > index; }

bool SharingMap::isCausal() const {
  for (int index = 0; index < layerCount(); ++index) {
    if (readsUpward(index)) return false;
  }
  return true;
}

bool SharingMap::hasSeparateKv() const {
  return std::any_of(m_layers.begin(), m_layers.end(),
                     [](const LayerSharing& layer) { return layer.kSource != layer.vSource; });
}

}  // namespace weft::sharing
