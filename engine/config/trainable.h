// engine/config/trainable.h -- a configuration that may be run, not only drawn and costed.
#pragma once

#include "engine/base/result.h"
#include "engine/config/run_config.h"

namespace weft::config {

// Beside validate(), for whoever starts a run: InvalidInput, "model.sharing: Layer 5 has ...", for a map that has a
// picture and costs, and that the decoder cannot be built for yet (sharing/trainable.h). Errors of sharingMap().
[[nodiscard]] Result<void> requireTrainable(const ModelConfig& model);

}  // namespace weft::config
