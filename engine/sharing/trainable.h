// engine/sharing/trainable.h -- what of a map the decoder cannot be built for yet. The one place that says so: whoever
// queues a run (config/trainable.h), the decoder and the memory model of training ask here. Reading, printing, comparing and costing such a
// map works all the same.
#pragma once

#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

// InvalidInput naming the first layer and what of it is not trained or decoded yet: a head width or V heads of its own,
// V := K, a source per range of heads, a mixture, a residual. Every map of the first edition passes.
[[nodiscard]] Result<void> checkTrainable(const SharingMap& map);

}  // namespace weft::sharing
