#include "engine/config/training_request.h"

namespace weft::config {

sharing::TrainingRequest trainingRequest(const TrainConfig& train, sharing::ElementType type) {
  using sharing::ElementType;
  const bool isFloat64 = type == ElementType::Float64;
  const bool isTrained = isFloat64 || type == ElementType::Float32 || type == ElementType::BFloat16;
  return {.sequence = train.sequenceLength,
          .microBatch = train.microBatch > 0 ? train.microBatch : train.batchSequences,
          .parameterType = isFloat64 ? ElementType::Float64 : ElementType::Float32,
          .computeType = isTrained ? type : ElementType::BFloat16};
}

}  // namespace weft::config
