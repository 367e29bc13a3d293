#include "engine/base/version.h"

namespace weft {
const char* version() { return WEFT_VERSION; }
}  // namespace weft
