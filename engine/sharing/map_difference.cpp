#include "engine/sharing/map_difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace weft::sharing {

namespace {

std::string sourceText(int layer, int source) { return layer == source ? "its own" : fmt::format("layer {}", source); }

std::string windowText(const Window& window) {
  if (window.kind == Window::Kind::Full) return "all positions";
  return window.kind == Window::Kind::Model ? "the model's window"
                                            : fmt::format("{} positions", groupDigits(window.positions));
}

std::string headsText(std::optional<int> heads) {
  return heads ? fmt::format("{} KV heads", *heads) : "the model's KV heads";
}

}  // namespace

std::vector<MapDifference> differences(const SharingMap& map, const SharingMap& other) {
  std::vector<MapDifference> found;
  if (map.layerCount() != other.layerCount())
    found.push_back({-1, fmt::format("{} layers instead of {}", map.layerCount(), other.layerCount())});
  for (int index = 0; index < std::min(map.layerCount(), other.layerCount()); ++index) {
    const LayerSharing &a = map.layer(index), &b = other.layer(index);
    std::vector<std::string> parts;
    const auto reads = [&](const char* what, int mine, int theirs) {
      if (mine != theirs)
        parts.push_back(
            fmt::format("reads {} from {} instead of {}", what, sourceText(index, mine), sourceText(index, theirs)));
    };
    if (a.kSource == a.vSource && b.kSource == b.vSource) {
      reads("K and V", a.kSource, b.kSource);
    } else {
      reads("K", a.kSource, b.kSource);
      reads("V", a.vSource, b.vSource);
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
    if (!parts.empty()) found.push_back({index, join(parts, ", ")});
  }
  return found;
}

}  // namespace weft::sharing
