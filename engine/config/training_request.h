// engine/config/training_request.h -- a run's training step as a question to the memory model.
#pragma once

#include "engine/config/run_config.h"
#include "engine/sharing/memory_model.h"

namespace weft::config {

// Parameters in float32 (float64 with a float64 `type`); computed in `type` where training has it, else, for types of
// caches alone, in bfloat16.
sharing::TrainingRequest trainingRequest(const TrainConfig& train, sharing::ElementType type);

}  // namespace weft::config
