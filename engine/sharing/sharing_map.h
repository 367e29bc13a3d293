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

// KV heads `first` .. `first + count - 1` of those that layer `source` produces; without a count all of them.
struct HeadRange {
  int source = 0;
  int first = 0;
  std::optional<int> count = std::nullopt;
  bool isWhole() const { return !count; }
  bool operator==(const HeadRange&) const = default;
};

// What a layer reads as its K (or its V) where that is more than all heads of one source.
struct Reading {
  enum class Join {
    SideBySide,  // the parts' heads one behind the other: a source per range of KV heads (SkipV1Former, 2510.16807)
    Mixture,  // the sum of whole sources, each times a learned gate a channel, of K after rotation and equal within a
              // rotary pair (FusedKV, 2512.03870)
  };
  Join join = Join::SideBySide;
  std::vector<HeadRange> parts = {};  // empty: all heads of the layer's one source
  bool operator==(const Reading&) const = default;
};

// What a producer adds to its own K and V before it keeps them: those of an earlier producer, times a learned gate
// (YOCO++, 2604.13556: layer 0's).
struct Residual {
  // One number each for K and V, or one a channel, of K equal within a rotary pair.
  enum class Gate { Number, Channel };
  int source = 0;
  Gate gate = Gate::Number;
  bool operator==(const Residual&) const = default;
};

struct LayerSharing {
  int kSource = 0;  // layer whose K this layer reads; its own index = it produces K
  int vSource = 0;
  Window window;
  // KV heads of a producing layer; nullopt = the model's kv_heads. Always nullopt on a layer that produces nothing.
  std::optional<int> kvHeads;

  // The second edition; README.md has the page. All of it as it stands here: the map of the first edition.
  std::optional<int> headWidth = std::nullopt;  // of a producing layer; nullopt = the model's head_width
  std::optional<int> vHeads = std::nullopt;     // V heads of a producer of both, where it has another number of them
  bool isValueKey = false;                      // V := K: one projection, and one tensor in the slot, serves as both
  // With parts, kSource (vSource) is this layer if it is among them, else the first part's source: SharingMap::create
  // sees to that.
  Reading kReading = {}, vReading = {};
  std::optional<Residual> residual = std::nullopt;
  bool operator==(const LayerSharing&) const = default;
};

// A map with a source above its reader (LCKV, "top", "middle") needs iterative passes: accepted only on purpose.
enum class UpwardReads { Refuse, Allow };
constexpr UpwardReads upwardReads(bool isAllowed) { return isAllowed ? UpwardReads::Allow : UpwardReads::Refuse; }

class SharingMap {
 public:
  // InvalidInput with a sentence that names the layer: a source out of range, a source that is no producer, a later
  // source (unless allowed), a window below 1, KV heads below 1 or on a layer that produces nothing, no layers, above
  // kMaximumLayers; of the second edition: a part that names no head, a head twice, or one that its source does not
  // have, a mixture of less than two sources or of part of one, a head width below 1 or where nothing is produced, V
  // heads or V := K where not both are produced, a residual that is not of an earlier producer of the same. What says
  // nothing more than the first edition becomes that (one whole part, as many V heads as K heads).
  [[nodiscard]] static Result<SharingMap> create(std::vector<LayerSharing> layers,
                                                 UpwardReads upward = UpwardReads::Refuse);
  // K and V from the same sources, full attention. Same errors.
  [[nodiscard]] static Result<SharingMap> fromSources(const std::vector<int>& sources,
                                                      UpwardReads upward = UpwardReads::Refuse);
  static SharingMap identity(int layers);  // layers >= 1

  static constexpr int kMaximumLayers = 1024;
  static constexpr int kMaximumParts = 256;  // of one reading

  int layerCount() const { return static_cast<int>(m_layers.size()); }
  const LayerSharing& layer(int index) const { return m_layers[static_cast<std::size_t>(index)]; }
  const std::vector<LayerSharing>& layers() const { return m_layers; }

  bool producesK(int layer) const { return m_layers[static_cast<std::size_t>(layer)].kSource == layer; }
  bool producesV(int layer) const { return m_layers[static_cast<std::size_t>(layer)].vSource == layer; }
  bool isProducer(int layer) const { return producesK(layer) || producesV(layer); }
  bool isConsumer(int layer) const { return !producesK(layer) || !producesV(layer); }
  std::vector<int> producers() const;                    // ascending
  std::vector<int> readersOf(int producer) const;        // layers that read its K or V, the producer itself included
  int kvHeads(int producer, int modelKvHeads) const;     // K heads, and V heads where it has no other number of them
  int valueHeads(int producer, int modelKvHeads) const;  // V heads
  int headWidth(int producer, int modelHeadWidth) const;
  // What a layer reads, in order: at least one part.
  std::vector<HeadRange> keyParts(int layer) const;
  std::vector<HeadRange> valueParts(int layer) const;
  // Positions that layer `index` sees: nullopt = all. `modelWindow` resolves Kind::Model (nullopt there = full).
  std::optional<std::int64_t> windowOf(int index, std::optional<std::int64_t> modelWindow) const;
  // Positions that the slot of `producer` must keep: the largest window of its readers, nullopt = all.
  std::optional<std::int64_t> slotWindow(int producer, std::optional<std::int64_t> modelWindow) const;

  bool isIdentity() const;  // every layer produces and reads its own K and V, full attention, nothing else of its own
  bool readsUpward(int layer) const;  // its K or its V from a later layer
  bool isCausal() const;              // no layer reads from a later one
  bool hasSeparateKv() const;         // some layer's K and V do not come from the same places

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
// The layer at `index` with its sources as the parts ask for, and without what says nothing (see create).
LayerSharing canonical(LayerSharing layer, int index);
// All problems at once, in layer order (the editor frames every row). Empty = valid.
std::vector<MapProblem> validate(const std::vector<LayerSharing>& layers, UpwardReads upward);

}  // namespace weft::sharing
