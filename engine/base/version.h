// engine/base/version.h -- which Weft this is: `weft --version`, the worker's hello event.
#pragma once

namespace weft {
const char* version();  // "0.1.0"
}  // namespace weft
