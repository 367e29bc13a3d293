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
  Reading LayerSharing::*reading;
};
constexpr Role kKey{"K", &LayerSharing::kSource, &LayerSharing::kReading};
constexpr Role kValue{"V", &LayerSharing::vSource, &LayerSharing::vReading};
constexpr Role kBoth{"K and V", &LayerSharing::kSource, &LayerSharing::kReading};

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

void checkSource(const Layers& layers, int index, const Role& role, int source, UpwardReads upward,
                 std::vector<MapProblem>& problems) {
  const int count = static_cast<int>(layers.size());
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

bool producesAny(const LayerSharing& layer, int index) { return layer.kSource == index || layer.vSource == index; }
bool producesBoth(const LayerSharing& layer, int index) { return layer.kSource == index && layer.vSource == index; }

std::string rangeText(const HeadRange& part) {
  const std::int64_t last = std::int64_t{part.first} + part.count.value_or(1) - 1;
  return last == part.first ? fmt::format("head {}", part.first) : fmt::format("heads {} to {}", part.first, last);
}

// Heads of the source where the map itself says how many.
std::optional<int> ownHeads(const LayerSharing& source, const Role& role) {
  return role.source == &LayerSharing::vSource && source.vHeads ? source.vHeads : source.kvHeads;
}

bool overlap(const HeadRange& a, const HeadRange& b) {
  if (a.source != b.source) return false;
  if (a.isWhole() || b.isWhole()) return true;
  return a.first < std::int64_t{b.first} + *b.count && b.first < std::int64_t{a.first} + *a.count;
}

// A reading with parts: each part's source, each part, and all of them together. One sentence at most.
void checkReading(const Layers& layers, int index, const Role& role, UpwardReads upward,
                  std::vector<MapProblem>& problems) {
  const Reading& reading = at(layers, index).*role.reading;
  const auto wrong = [&](std::string message) { problems.push_back({index, std::move(message), std::nullopt}); };
  if (reading.parts.size() > static_cast<std::size_t>(SharingMap::kMaximumParts)) {
    return wrong(fmt::format("Layer {} reads {} from {} parts; at most {} are possible.", index, role.name,
                             reading.parts.size(), SharingMap::kMaximumParts));
  }
  const bool isMixture = reading.join == Reading::Join::Mixture;
  for (std::size_t i = 0; i < reading.parts.size(); ++i) {
    const HeadRange& part = reading.parts[i];
    const std::size_t before = problems.size();
    checkSource(layers, index, role, part.source, upward, problems);
    if (problems.size() > before) {
      problems.back().suggestedSource.reset();  // another source for the whole layer is not what was meant
      return;
    }
    if (part.first < 0 || (part.count && *part.count < 1) || (part.isWhole() && part.first != 0)) {
      return wrong(
          fmt::format("Layer {} names no head of layer {}: a range is its first and last head, like {}:0-1, and "
                      "without one all heads are meant.",
                      index, part.source, part.source));
    }
    if (isMixture && !part.isWhole()) {
      return wrong(
          fmt::format("Layer {} mixes {} of layer {} into its {}; a mixture takes all heads of each source, "
                      "like 0+3.",
                      index, rangeText(part), part.source, role.name));
    }
    const std::optional<int> heads = ownHeads(at(layers, part.source), role);
    if (!part.isWhole() && heads && std::int64_t{part.first} + *part.count > *heads) {
      return wrong(fmt::format("Layer {} reads {} of layer {}'s {}, which has {}: they are counted from 0 to {}.",
                               index, rangeText(part), part.source, role.name, *heads, *heads - 1));
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (!overlap(reading.parts[other], part)) continue;
      return wrong(fmt::format(
          "Layer {} reads {} of layer {} twice; each head can be read once.", index,
          part.isWhole() || reading.parts[other].isWhole() ? std::string("heads") : rangeText(part), part.source));
    }
  }
}

void checkRole(const Layers& layers, int index, const Role& role, UpwardReads upward,
               std::vector<MapProblem>& problems) {
  if ((at(layers, index).*role.reading).parts.empty()) {
    checkSource(layers, index, role, at(layers, index).*role.source, upward, problems);
  } else {
    checkReading(layers, index, role, upward, problems);
  }
}

// Why the residual of this layer cannot be added; empty if it can.
std::string residualProblem(const Layers& layers, int index) {
  const LayerSharing& layer = at(layers, index);
  const int source = layer.residual->source;
  if (!producesAny(layer, index)) {
    return fmt::format("Layer {} keeps no K or V of its own that a residual could be added to: take 'r{}' away.", index,
                       source);
  }
  if (source < 0 || source >= index) {
    return fmt::format("Layer {} adds the KV of layer {} to its own; a residual comes from an earlier layer{}.", index,
                       source, index > 0 ? fmt::format(", 0 to {}", index - 1) : " (layer 0 has none)");
  }
  const LayerSharing& from = at(layers, source);
  for (const Role& role : {kKey, kValue}) {
    if (layer.*role.source == index && from.*role.source != source)
      return fmt::format("Layer {} adds the {} of layer {} to its own, but layer {} keeps none: name a producer.",
                         index, role.name, source, source);
  }
  if (layer.isValueKey || from.isValueKey) {
    return fmt::format(
        "Layer {} adds the KV of layer {} to its own, but layer {} has V := K ('='), one tensor for both "
        "before rotation: a residual needs K and V apart.",
        index, source, layer.isValueKey ? index : source);
  }
  return {};
}

// What only a producer can have.
void checkOwn(const Layers& layers, int index, std::vector<MapProblem>& problems) {
  const LayerSharing& layer = at(layers, index);
  const auto wrong = [&](std::string message) { problems.push_back({index, std::move(message), std::nullopt}); };
  if (layer.kvHeads && !producesAny(layer, index)) {
    wrong(fmt::format("Layer {} reads its K and V from others, so it has no KV heads of its own: take 'h{}' away.",
                      index, *layer.kvHeads));
  } else if (layer.kvHeads && *layer.kvHeads < 1) {
    wrong(fmt::format("Layer {} has {} KV heads; it needs at least 1.", index, *layer.kvHeads));
  }
  if (layer.vHeads && !producesBoth(layer, index)) {
    wrong(
        fmt::format("Layer {} does not produce both K and V, so it has no V heads of another number: take 'h{}' away "
                    "from the v part.",
                    index, *layer.vHeads));
  } else if (layer.vHeads && *layer.vHeads < 1) {
    wrong(fmt::format("Layer {} has {} V heads; it needs at least 1.", index, *layer.vHeads));
  }
  if (layer.headWidth && !producesAny(layer, index)) {
    wrong(fmt::format("Layer {} reads its K and V from others, so it has no head width of its own: take 'd{}' away.",
                      index, *layer.headWidth));
  } else if (layer.headWidth && *layer.headWidth < 1) {
    wrong(fmt::format("Layer {} has heads of width {}; it must be at least 1.", index, *layer.headWidth));
  }
  if (layer.isValueKey && !producesBoth(layer, index)) {
    wrong(fmt::format("Layer {} does not produce both K and V, so its V cannot be its K: take '=' away.", index));
  } else if (layer.isValueKey && layer.vHeads) {
    wrong(
        fmt::format("Layer {} has V := K ('='), so its V has as many heads as its K: take 'h{}' away from the v part.",
                    index, *layer.vHeads));
  }
  if (!layer.residual) return;
  if (std::string problem = residualProblem(layers, index); !problem.empty()) wrong(std::move(problem));
}

bool reads(const Reading& reading, int source, int producer) {
  if (reading.parts.empty()) return source == producer;
  return std::any_of(reading.parts.begin(), reading.parts.end(),
                     [&](const HeadRange& part) { return part.source == producer; });
}

int highestSource(const Reading& reading, int source) {
  for (const HeadRange& part : reading.parts) source = std::max(source, part.source);
  return source;
}

void makeCanonical(Reading& reading, int& source, int index) {
  if (reading.parts.size() == 1) reading.join = Reading::Join::SideBySide;
  if (reading.parts.empty()) {
    reading = {};
    return;
  }
  const auto own = std::find_if(reading.parts.begin(), reading.parts.end(),
                                [&](const HeadRange& part) { return part.source == index; });
  source = own != reading.parts.end() ? index : reading.parts.front().source;
  if (reading.parts.size() == 1 && reading.parts.front() == HeadRange{.source = source}) reading = {};
}

}  // namespace

LayerSharing canonical(LayerSharing layer, int index) {
  makeCanonical(layer.kReading, layer.kSource, index);
  makeCanonical(layer.vReading, layer.vSource, index);
  if (layer.vHeads && layer.vHeads == layer.kvHeads) layer.vHeads.reset();
  return layer;
}

std::vector<MapProblem> validate(const Layers& asGiven, UpwardReads upward) {
  Layers layers = asGiven;
  for (std::size_t index = 0; index < layers.size(); ++index)
    layers[index] = canonical(std::move(layers[index]), static_cast<int>(index));
  if (layers.empty()) return {{-1, "The map has no layers; it needs at least one.", std::nullopt}};
  if (layers.size() > static_cast<std::size_t>(SharingMap::kMaximumLayers)) {
    return {{-1,
             fmt::format("The map has {} layers; at most {} are possible.", layers.size(), SharingMap::kMaximumLayers),
             std::nullopt}};
  }
  std::vector<MapProblem> problems;
  for (int index = 0; index < static_cast<int>(layers.size()); ++index) {
    const LayerSharing& layer = at(layers, index);
    if (layer.kSource == layer.vSource && layer.kReading == layer.vReading) {
      // One sentence for both when both are wrong alike; V's own when only V's source produces no V.
      const std::size_t before = problems.size();
      checkRole(layers, index, kBoth, upward, problems);
      if (problems.size() == before) checkRole(layers, index, kValue, upward, problems);
    } else {
      checkRole(layers, index, kKey, upward, problems);
      checkRole(layers, index, kValue, upward, problems);
    }
    if (layer.window.kind == Window::Kind::Own && layer.window.positions < 1) {
      problems.push_back({index,
                          fmt::format("Layer {} has a window of {} positions; it needs at least 1, the token's own.",
                                      index, layer.window.positions),
                          std::nullopt});
    }
    checkOwn(layers, index, problems);
  }
  return problems;
}

Result<SharingMap> SharingMap::create(Layers layers, UpwardReads upward) {
  const std::vector<MapProblem> problems = validate(layers, upward);
  if (!problems.empty()) return fail(ErrorCode::InvalidInput, problems.front().message);
  for (std::size_t index = 0; index < layers.size(); ++index)
    layers[index] = canonical(std::move(layers[index]), static_cast<int>(index));
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
    const LayerSharing& reader = layer(index);
    if (reads(reader.kReading, reader.kSource, producer) || reads(reader.vReading, reader.vSource, producer))
      readers.push_back(index);
  }
  return readers;
}

int SharingMap::kvHeads(int producer, int modelKvHeads) const { return layer(producer).kvHeads.value_or(modelKvHeads); }

int SharingMap::valueHeads(int producer, int modelKvHeads) const {
  return layer(producer).vHeads.value_or(kvHeads(producer, modelKvHeads));
}

int SharingMap::headWidth(int producer, int modelHeadWidth) const {
  return layer(producer).headWidth.value_or(modelHeadWidth);
}

std::vector<HeadRange> SharingMap::keyParts(int index) const {
  const LayerSharing& reader = layer(index);
  return reader.kReading.parts.empty() ? std::vector<HeadRange>{{.source = reader.kSource}} : reader.kReading.parts;
}

std::vector<HeadRange> SharingMap::valueParts(int index) const {
  const LayerSharing& reader = layer(index);
  return reader.vReading.parts.empty() ? std::vector<HeadRange>{{.source = reader.vSource}} : reader.vReading.parts;
}

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

bool SharingMap::readsUpward(int index) const {
  const LayerSharing& reader = layer(index);
  return std::max(highestSource(reader.kReading, reader.kSource), highestSource(reader.vReading, reader.vSource)) >
         index;
}

bool SharingMap::isCausal() const {
  for (int index = 0; index < layerCount(); ++index) {
    if (readsUpward(index)) return false;
  }
  return true;
}

bool SharingMap::hasSeparateKv() const {
  return std::any_of(m_layers.begin(), m_layers.end(), [](const LayerSharing& layer) {
    return layer.kSource != layer.vSource || layer.kReading != layer.vReading;
  });
}

}  // namespace weft::sharing
