#include <c10/cuda/CUDAStream.h>

#include "engine/kernels/cuda_kernels.h"

namespace weft::kernels {
Stream currentStream() { return c10::cuda::getCurrentCUDAStream().stream(); }
}  // namespace weft::kernels
