#include "ui/diagram/map_edits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/sharing/generators.h"

namespace weft::ui {
namespace {

using sharing::LayerSharing;
using sharing::SharingMap;

LayerSharing& at(Layers& layers, int index) { return layers[static_cast<std::size_t>(index)]; }

// Own head counts only where something is produced.
void dropHeadsOfConsumers(Layers& layers) {
  for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
    LayerSharing& layer = at(layers, index);
    if (layer.kSource != index && layer.vSource != index) layer.kvHeads.reset();
  }
}

// Who read `from` reads `to`; `to` itself produces.
void moveReaders(Layers& layers, int from, int to) {
  for (LayerSharing& layer : layers) {
    if (layer.kSource == from) layer.kSource = to;
    if (layer.vSource == from) layer.vSource = to;
  }
  at(layers, to).kSource = to;
  at(layers, to).vSource = to;
}

// `layer` leaves its group; the lowest of the others produces in its place.
void leaveGroup(Layers& layers, int layer) {
  std::optional<int> heir;
  for (int index = 0; index < static_cast<int>(layers.size()) && !heir; ++index) {
    if (index != layer && (at(layers, index).kSource == layer || at(layers, index).vSource == layer)) heir = index;
  }
  if (heir) {
    at(layers, *heir).kvHeads = at(layers, layer).kvHeads;
    moveReaders(layers, layer, *heir);
  }
  at(layers, layer).kSource = at(layers, layer).vSource = layer;
}

}  // namespace

Layers withSource(const SharingMap& map, const LayerSet& readers, int source) {
  Layers layers = map.layers();
  for (const int reader : readers) {
    if (reader == source) {
      at(layers, reader).kSource = at(layers, reader).vSource = reader;
      continue;
    }
    for (int index = 0; index < map.layerCount(); ++index) {
      if (at(layers, index).kSource == reader) at(layers, index).kSource = source;
      if (at(layers, index).vSource == reader) at(layers, index).vSource = source;
    }
    at(layers, reader).kSource = at(layers, reader).vSource = source;
  }
  dropHeadsOfConsumers(layers);
  return layers;
}

Layers grouped(const SharingMap& map, const LayerSet& members) {
  if (members.empty()) return map.layers();
  const int producer = members.front();
  Layers layers = map.layers();
  at(layers, producer).kSource = at(layers, producer).vSource = producer;
  for (const int member : members) {
    for (LayerSharing& layer : layers) {
      if (layer.kSource == member) layer.kSource = producer;
      if (layer.vSource == member) layer.vSource = producer;
    }
    at(layers, member).kSource = at(layers, member).vSource = producer;
  }
  dropHeadsOfConsumers(layers);
  return layers;
}

std::optional<Layers> joinedBelow(const SharingMap& map, int layer) {
  if (layer < 1 || layer >= map.layerCount()) return std::nullopt;
  const LayerSharing& below = map.layer(layer - 1);
  Layers layers = map.layers();
  for (LayerSharing& reader : layers) {
    if (reader.kSource == layer) reader.kSource = below.kSource;
    if (reader.vSource == layer) reader.vSource = below.vSource;
  }
  at(layers, layer).kSource = below.kSource;
  at(layers, layer).vSource = below.vSource;
  dropHeadsOfConsumers(layers);
  return layers;
}

Layers separated(const SharingMap& map, const LayerSet& members) {
  Layers layers = map.layers();
  for (const int member : members) {
    LayerSharing& layer = at(layers, member);
    if (map.producesK(member) && map.producesV(member)) continue;
    if (!layer.kvHeads) layer.kvHeads = map.layer(map.layer(member).kSource).kvHeads;
    layer.kSource = layer.vSource = member;
  }
  dropHeadsOfConsumers(layers);
  return layers;
}

SharingMap unshared(const SharingMap& map) {
  LayerSet all;
  for (int layer = 0; layer < map.layerCount(); ++layer) all.push_back(layer);
  return SharingMap::create(separated(map, all)).value_or(SharingMap::identity(map.layerCount()));
}

std::optional<Layers> boundaryMoved(const SharingMap& map, int layer, Boundary direction) {
  const auto isSame = [&](int a, int b) {
    return map.layer(a).kSource == map.layer(b).kSource && map.layer(a).vSource == map.layer(b).vSource;
  };
  int top = layer;
  while (top + 1 < map.layerCount() && isSame(top + 1, layer)) ++top;
  const int above = top + 1;
  if (above >= map.layerCount()) return std::nullopt;
  Layers layers = map.layers();
  if (direction == Boundary::Up) {
    leaveGroup(layers, above);
    at(layers, above).kSource = at(layers, layer).kSource;
    at(layers, above).vSource = at(layers, layer).vSource;
  } else {
    const bool isAlone = top == 0 || !isSame(top - 1, top);
    if (isAlone) return std::nullopt;
    leaveGroup(layers, top);
    const int source = at(layers, above).kSource;
    if (source > top) {
      // The group above begins one layer lower now: its new lowest layer produces.
      at(layers, top).kvHeads = at(layers, source).kvHeads;
      moveReaders(layers, source, top);
    } else {
      at(layers, top).kSource = source;
      at(layers, top).vSource = at(layers, above).vSource;
    }
  }
  dropHeadsOfConsumers(layers);
  return layers;
}

Layers withWindow(const SharingMap& map, const LayerSet& members, const sharing::Window& window) {
  Layers layers = map.layers();
  for (const int member : members) at(layers, member).window = window;
  return layers;
}

Layers withKvHeads(const SharingMap& map, const LayerSet& members, std::optional<int> heads) {
  Layers layers = map.layers();
  for (const int member : members) {
    if (map.isProducer(member)) at(layers, member).kvHeads = heads;
  }
  return layers;
}

SharingMap withLayerCount(const SharingMap& map, int count, sharing::UpwardReads upward) {
  if (const std::string pattern = sharing::describeGenerator(map); !pattern.empty()) {
    auto generated = sharing::generate(pattern, count);
    if (generated && sharing::validate(generated->layers(), upward).empty()) return *std::move(generated);
  }
  Layers layers = map.layers();
  layers.resize(static_cast<std::size_t>(std::min(count, map.layerCount())));
  for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
    LayerSharing& layer = at(layers, index);
    if (layer.kSource >= count) layer.kSource = index;
    if (layer.vSource >= count) layer.vSource = index;
  }
  for (int index = map.layerCount(); index < count; ++index)
    layers.push_back({.kSource = index, .vSource = index, .window = {}, .kvHeads = {}});
  dropHeadsOfConsumers(layers);
  return SharingMap::create(std::move(layers), upward).value_or(SharingMap::identity(count));
}

std::string describeLayers(const LayerSet& layers) {
  if (layers.empty()) return "no layer";
  if (layers.size() == 1) return fmt::format("layer {}", layers.front());
  if (layers.back() - layers.front() + 1 == static_cast<int>(layers.size()))
    return fmt::format("layers {}–{}", layers.front(), layers.back());
  if (layers.size() > 4) return fmt::format("{} layers", layers.size());
  std::vector<std::string> numbers;
  for (const int layer : layers) numbers.push_back(std::to_string(layer));
  const std::string last = numbers.back();
  numbers.pop_back();
  return "layers " + join(numbers, ", ") + " and " + last;
}

}  // namespace weft::ui
