// engine/sharing/sharing_map.h -- the one data structure: for each layer, whose K and whose V it reads.
// A value type without torch or Qt: cheap to copy, immutable after creation, safe to share between threads.
// Source: cross-layer attention, arXiv 2405.12981 sec. 2; "sharing_pattern" of its authors' code; LCKV's "layer_types".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::sharing {

// How far back a layer's queries see. A window of W lets a token see W positions, its own included.
struct Window {
  enum class Kind { Full, Model, Own };
  Kind kind = Kind::Full;
  std::int64_t positions = 0;  // of Kind::Own only
  bool operator==(const Window&) const = default;
};

struct LayerSharing {
  int kSource = 0;  // layer whose K this layer reads; its own index = it produces K
  int vSource = 0;
  Window window;
  // KV heads of a producing layer; nullopt = the model's kv_heads. Always nullopt on a layer that produces nothing.
  std::optional<int> kvHeads;
  bool operator==(const LayerSharing&) const = default;
};

// A map with a source above its reader (LCKV, "top", "middle") needs iterative passes: accepted only on purpose.
enum class UpwardReads { Refuse, Allow };
constexpr UpwardReads upwardReads(bool isAllowed) { return isAllowed ? UpwardReads::Allow : UpwardReads::Refuse; }

class SharingMap {
 public:
  // InvalidInput with a sentence that names the layer: a source out of range, a source that is no producer, a later
  // source (unless allowed), a window below 1, KV heads below 1 or on a layer that produces nothing, no layers, above
  // kMaximumLayers.
  [[nodiscard]] static Result<SharingMap> create(std::vector<LayerSharing> layers,
                                                 UpwardReads upward = UpwardReads::Refuse);
  // K and V from the same sources, full attention. Same errors.
  [[nodiscard]] static Result<SharingMap> fromSources(const std::vector<int>& sources,
                                                      UpwardReads upward = UpwardReads::Refuse);
  static SharingMap identity(int layers);  // layers >= 1

  static constexpr int kMaximumLayers = 1024;

  int layerCount() const { return static_cast<int>(m_layers.size()); }
  const LayerSharing& layer(int index) const { return m_layers[static_cast<std::size_t>(index)]; }
  const std::vector<LayerSharing>& layers() const { return m_layers; }

  bool producesK(int layer) const { return m_layers[static_cast<std::size_t>(layer)].kSource == layer; }
  bool producesV(int layer) const { return m_layers[static_cast<std::size_t>(layer)].vSource == layer; }
  bool isProducer(int layer) const { return producesK(layer) || producesV(layer); }
  bool isConsumer(int layer) const { return !producesK(layer) || !producesV(layer); }
  std::vector<int> producers() const;              // ascending
  std::vector<int> readersOf(int producer) const;  // layers that read its K or V, the producer itself included
  int kvHeads(int producer, int modelKvHeads) const;
  // Positions that layer `index` sees: nullopt = all. `modelWindow` resolves Kind::Model (nullopt there = full).
  std::optional<std::int64_t> windowOf(int index, std::optional<std::int64_t> modelWindow) const;
  // Positions that the slot of `producer` must keep: the largest window of its readers, nullopt = all.
  std::optional<std::int64_t> slotWindow(int producer, std::optional<std::int64_t> modelWindow) const;

  bool isIdentity() const;  // every layer produces and reads its own K and V, full attention, no own head counts
  bool readsUpward(int layer) const;  // its K or its V from a later layer
  bool isCausal() const;              // no layer reads from a later one
  bool hasSeparateKv() const;

  bool operator==(const SharingMap&) const = default;

 private:
  explicit SharingMap(std::vector<LayerSharing> layers) : m_layers(std::move(layers)) {}
  std::vector<LayerSharing> m_layers;
};

// One problem found in a map; `layer` is where to point, -1 if the whole map is meant.
struct MapProblem {
  int layer = -1;
  std::string message;                 // one sentence
  std::optional<int> suggestedSource;  // a source that would make this layer valid
};
// All problems at once, in layer order (the editor frames every row). Empty = valid.
std::vector<MapProblem> validate(const std::vector<LayerSharing>& layers, UpwardReads upward);

}  // namespace weft::sharing
