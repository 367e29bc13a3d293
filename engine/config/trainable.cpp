#include "engine/config/trainable.h"

#include "engine/sharing/trainable.h"

namespace weft::config {

Result<void> requireTrainable(const ModelConfig& model) {
  WEFT_ASSIGN(const sharing::SharingMap map, sharingMap(model));
  if (const Result<void> trainable = sharing::checkTrainable(map); !trainable)
    return fail(ErrorCode::InvalidInput, "model.sharing: " + trainable.error().message);
  return {};
}

}  // namespace weft::config
