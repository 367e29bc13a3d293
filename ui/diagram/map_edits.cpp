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

// What a producer is stays only where it produces: head counts, width, V := K, a residual of what is still kept.
void dropWhatIsNotProduced(Layers& layers) {
  for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
    LayerSharing& layer = at(layers, index) = sharing::canonical(at(layers, index), index);
    const bool hasK = layer.kSource == index, hasV = layer.vSource == index;
    if (!hasK && !hasV) layer.kvHeads = layer.headWidth = std::nullopt;
    if (!hasK || !hasV) {
      layer.vHeads.reset();
      layer.isValueKey = false;
    }
    if (!layer.residual) continue;
    const int source = layer.residual->source;
    const LayerSharing& from = at(layers, source);
    const bool isKept = (!hasK || from.kSource == source) && (!hasV || from.vSource == source);
    if (!isKept || source >= index || (!hasK && !hasV)) layer.residual.reset();
  }
}

// The layer reads all heads of `source`, and of nothing else.
void readAlone(LayerSharing& layer, int source) {
  layer.kSource = layer.vSource = source;
  layer.kReading = layer.vReading = {};
}

// What was read of `from`, as K or as V, is read of `to`. Parts that become the same are one; heads that two parts
// would then both name become all heads of `to`.
void readInstead(int& source, sharing::Reading& reading, int from, int to) {
  if (source == from) source = to;
  bool isChanged = false;
  std::vector<sharing::HeadRange> parts;
  for (sharing::HeadRange part : reading.parts) {
    isChanged = isChanged || part.source == from;
    if (part.source == from) part.source = to;
    if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  }
  if (!isChanged) return;
  const bool isOneSource =
      std::all_of(parts.begin(), parts.end(), [&](const sharing::HeadRange& part) { return part.source == to; });
  if (isOneSource && parts.size() < reading.parts.size()) parts.clear();
  reading.parts = std::move(parts);
}

void readInstead(LayerSharing& layer, int from, int to) {
  readInstead(layer.kSource, layer.kReading, from, to);
  readInstead(layer.vSource, layer.vReading, from, to);
  if (layer.residual && layer.residual->source == from) layer.residual->source = to;
}

// What a producer is, of the one that it takes the place of.
void takeOver(LayerSharing& heir, const LayerSharing& from) {
  heir.kvHeads = from.kvHeads;
  heir.headWidth = from.headWidth;
  heir.vHeads = from.vHeads;
  heir.isValueKey = from.isValueKey;
}

// Who read `from` reads `to`; `to` itself produces.
void moveReaders(Layers& layers, int from, int to) {
  for (LayerSharing& layer : layers) readInstead(layer, from, to);
  readAlone(at(layers, to), to);
}

// The layer reads what `other` reads.
void readLike(LayerSharing& layer, const LayerSharing& other) {
  layer.kSource = other.kSource;
  layer.vSource = other.vSource;
  layer.kReading = other.kReading;
  layer.vReading = other.vReading;
}

// `layer` leaves its group; the lowest of the others produces in its place.
void leaveGroup(Layers& layers, int layer) {
  std::optional<int> heir;
  for (int index = 0; index < static_cast<int>(layers.size()) && !heir; ++index) {
    if (index != layer && (at(layers, index).kSource == layer || at(layers, index).vSource == layer)) heir = index;
  }
  if (heir) {
    takeOver(at(layers, *heir), at(layers, layer));
    moveReaders(layers, layer, *heir);
  }
  readAlone(at(layers, layer), layer);
}

}  // namespace

Layers withSource(const SharingMap& map, const LayerSet& readers, int source) {
  Layers layers = map.layers();
  for (const int reader : readers) {
    if (reader == source) {
      readAlone(at(layers, reader), reader);
      continue;
    }
    for (LayerSharing& layer : layers) readInstead(layer, reader, source);
    readAlone(at(layers, reader), source);
  }
  dropWhatIsNotProduced(layers);
  return layers;
}

Layers grouped(const SharingMap& map, const LayerSet& members) {
  if (members.empty()) return map.layers();
  const int producer = members.front();
  Layers layers = map.layers();
  if (!map.producesK(producer) || !map.producesV(producer)) readAlone(at(layers, producer), producer);
  for (const int member : members) {
    if (member == producer) continue;
    for (LayerSharing& layer : layers) readInstead(layer, member, producer);
    readAlone(at(layers, member), producer);
  }
  dropWhatIsNotProduced(layers);
  return layers;
}

std::optional<Layers> joinedBelow(const SharingMap& map, int layer) {
  if (layer < 1 || layer >= map.layerCount()) return std::nullopt;
  const LayerSharing& below = map.layer(layer - 1);
  Layers layers = map.layers();
  for (LayerSharing& reader : layers) {
    readInstead(reader.kSource, reader.kReading, layer, below.kSource);
    readInstead(reader.vSource, reader.vReading, layer, below.vSource);
  }
  readLike(at(layers, layer), below);
  dropWhatIsNotProduced(layers);
  return layers;
}

Layers separated(const SharingMap& map, const LayerSet& members) {
  Layers layers = map.layers();
  for (const int member : members) {
    LayerSharing& layer = at(layers, member);
    const bool readsParts = !layer.kReading.parts.empty() || !layer.vReading.parts.empty();
    if (map.producesK(member) && map.producesV(member) && !readsParts) continue;
    if (readsParts) {
      layer.vHeads.reset();  // the rest of its heads came from elsewhere
    } else {
      const LayerSharing& read = map.layer(map.layer(member).kSource);
      if (!layer.kvHeads) layer.kvHeads = read.kvHeads;
      if (!layer.headWidth) layer.headWidth = read.headWidth;
      if (layer.kSource == layer.vSource) layer.isValueKey = read.isValueKey;
    }
    readAlone(layer, member);
  }
  dropWhatIsNotProduced(layers);
  return layers;
}

SharingMap unshared(const SharingMap& map) {
  LayerSet all;
  for (int layer = 0; layer < map.layerCount(); ++layer) all.push_back(layer);
  return SharingMap::create(separated(map, all)).value_or(SharingMap::identity(map.layerCount()));
}

std::optional<Layers> boundaryMoved(const SharingMap& map, int layer, Boundary direction) {
  const auto isSame = [&](int a, int b) {
    const LayerSharing &one = map.layer(a), &other = map.layer(b);
    return one.kSource == other.kSource && one.vSource == other.vSource && one.kReading == other.kReading &&
           one.vReading == other.vReading;
  };
  int top = layer;
  while (top + 1 < map.layerCount() && isSame(top + 1, layer)) ++top;
  const int above = top + 1;
  if (above >= map.layerCount()) return std::nullopt;
  Layers layers = map.layers();
  if (direction == Boundary::Up) {
    leaveGroup(layers, above);
    readLike(at(layers, above), at(layers, layer));
  } else {
    const bool isAlone = top == 0 || !isSame(top - 1, top);
    if (isAlone) return std::nullopt;
    leaveGroup(layers, top);
    const int source = at(layers, above).kSource;
    if (source > top) {
      // The group above begins one layer lower now: its new lowest layer produces.
      takeOver(at(layers, top), at(layers, source));
      moveReaders(layers, source, top);
    } else {
      readLike(at(layers, top), at(layers, above));
    }
  }
  dropWhatIsNotProduced(layers);
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
    const auto isCut = [&](const sharing::Reading& reading) {
      return std::any_of(reading.parts.begin(), reading.parts.end(),
                         [&](const sharing::HeadRange& part) { return part.source >= count; });
    };
    if (layer.kSource >= count || isCut(layer.kReading)) {
      layer.kSource = index;
      layer.kReading = {};
    }
    if (layer.vSource >= count || isCut(layer.vReading)) {
      layer.vSource = index;
      layer.vReading = {};
    }
  }
  for (int index = map.layerCount(); index < count; ++index)
    layers.push_back({.kSource = index, .vSource = index, .window = {}, .kvHeads = {}});
  dropWhatIsNotProduced(layers);
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
