#include "engine/sharing/trainable.h"

#include <fmt/format.h>

#include <string>

namespace weft::sharing {

namespace {

// What this layer asks of the decoder that it does not have; empty: nothing.
std::string missing(const LayerSharing& layer) {
  if (layer.headWidth) return fmt::format("has heads {} wide (d{})", *layer.headWidth, *layer.headWidth);
  if (layer.isValueKey) return "has V := K ('=')";
  if (layer.residual)
    return fmt::format("adds a gated residual of layer {}'s KV to its own (r{})", layer.residual->source,
                       layer.residual->source);
  for (const Reading* reading : {&layer.kReading, &layer.vReading}) {
    if (reading->parts.empty()) continue;
    return reading->join == Reading::Join::Mixture ? "reads a gated mixture of layers ('+')"
                                                   : "reads ranges of KV heads (':' and ',')";
  }
  if (layer.vHeads)
    return fmt::format("has another number of V heads than of K heads (h{} in the v part)", *layer.vHeads);
  return {};
}

}  // namespace

Result<void> checkTrainable(const SharingMap& map) {
  for (int index = 0; index < map.layerCount(); ++index) {
    const std::string what = missing(map.layer(index));
    if (what.empty()) continue;
    return fail(ErrorCode::InvalidInput,
                fmt::format("Layer {} {}, which can be drawn and costed, but not trained or decoded yet: take it away "
                            "to run the model.",
                            index, what));
  }
  return {};
}

}  // namespace weft::sharing
