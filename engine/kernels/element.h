// engine/kernels/element.h -- element types of the kernels and the type in which each accumulates; shared by the CPU
// and CUDA sides (no torch here).
#pragma once

#include <cstdint>

namespace weft::kernels {
enum class Element { Float32, Float64, BFloat16 };
}
