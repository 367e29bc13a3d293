#include "engine/sharing/map_difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/sharing/map_words.h"

namespace weft::sharing {

namespace {

std::string windowText(const Window& window) {
  if (window.kind == Window::Kind::Full) return "all positions";
  return window.kind == Window::Kind::Model ? "the model's window"
                                            : fmt::format("{} positions", groupDigits(window.positions));
}

std::string headsText(std::optional<int> heads) {
  return heads ? fmt::format("{} KV heads", *heads) : "the model's KV heads";
}

std::string widthText(std::optional<int> width) {
  return width ? fmt::format("heads {} wide", *width) : "heads of the model's width";
}

std::string valueHeadsText(std::optional<int> heads) {
  return heads ? fmt::format("{} V heads", *heads) : "as many V heads as K heads";
}

std::string valueText(const LayerSharing& layer) { return layer.isValueKey ? "V := K" : "a V of its own"; }

// What the producer is that the other is not, of the second edition. `has` says "has ... instead of ...".
void compareOwn(const LayerSharing& a, const LayerSharing& b, std::vector<std::string>& parts) {
  const auto has = [&](bool differs, const std::string& mine, const std::string& theirs) {
    if (differs) parts.push_back(fmt::format("has {} instead of {}", mine, theirs));
  };
  has(a.headWidth != b.headWidth, widthText(a.headWidth), widthText(b.headWidth));
  has(a.vHeads != b.vHeads, valueHeadsText(a.vHeads), valueHeadsText(b.vHeads));
  has(a.isValueKey != b.isValueKey, valueText(a), valueText(b));
  has(a.residual != b.residual, residualWords(a.residual), residualWords(b.residual));
}

}  // namespace

std::vector<MapDifference> differences(const SharingMap& map, const SharingMap& other) {
  std::vector<MapDifference> found;
  if (map.layerCount() != other.layerCount())
    found.push_back({-1, fmt::format("{} layers instead of {}", map.layerCount(), other.layerCount())});
  for (int index = 0; index < std::min(map.layerCount(), other.layerCount()); ++index) {
    const LayerSharing &a = map.layer(index), &b = other.layer(index);
    std::vector<std::string> parts;
    const auto reads = [&](const char* what, Role role) {
      const std::string mine = readingWords(a, index, role), theirs = readingWords(b, index, role);
      if (mine != theirs) parts.push_back(fmt::format("reads {} from {} instead of {}", what, mine, theirs));
    };
    const auto isJoint = [](const LayerSharing& layer) {
      return layer.kSource == layer.vSource && layer.kReading == layer.vReading;
    };
    if (isJoint(a) && isJoint(b)) {
      reads("K and V", Role::Key);
    } else {
      reads("K", Role::Key);
      reads("V", Role::Value);
    }
    if (a.window != b.window)
      parts.push_back(fmt::format("sees {} instead of {}", windowText(a.window), windowText(b.window)));
    // A layer that keeps KV in one map only differs in that, not in heads.
    if (a.kvHeads != b.kvHeads && map.isProducer(index) && other.isProducer(index)) {
      parts.push_back(fmt::format("has {} instead of {}", headsText(a.kvHeads), headsText(b.kvHeads)));
    }
    if (a.kvHeads && map.isProducer(index) && !other.isProducer(index))
      parts.push_back(fmt::format("has {}", headsText(a.kvHeads)));
    if (b.kvHeads && other.isProducer(index) && !map.isProducer(index))
      parts.push_back(fmt::format("keeps none of {}", headsText(b.kvHeads)));
    if (map.isProducer(index) && other.isProducer(index)) {
      compareOwn(a, b, parts);
    } else if (const std::string mine = ownWords(a); !mine.empty()) {
      parts.push_back("has " + mine);
    } else if (const std::string theirs = ownWords(b); !theirs.empty()) {
      parts.push_back("has no " + theirs);
    }
    if (!parts.empty()) found.push_back({index, join(parts, ", ")});
  }
  return found;
}

}  // namespace weft::sharing
