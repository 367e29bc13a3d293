// engine/device/peaks.h -- what a device really does at most, for the roofline of the machine that one sits at:
// measured, in about a second.
#pragma once

#include <c10/core/Device.h>

#include "engine/sharing/device_model.h"

namespace weft::device {

// key "here", name describe(device), memory its whole memory. The best of several rounds of each:
//   FLOP/s    2 n^3 over the time of an n x n x n matrix product, in bfloat16 with float32 accumulation and in float32
//             without TF32; CUDA n = 8192 and 4096, CPU n = 1024. Without a matrix unit for bfloat16 a CPU converts,
//             and the float32 figure may be the higher one.
//   bytes/s   2 N over the time of a copy of N bytes: 1 GiB on CUDA, on a CPU 256 MiB; less where that is more than a
//             quarter of what is free
// Numbers of this moment: what else runs on the machine takes from them.
sharing::DeviceModel measurePeaks(const c10::Device& device);

}  // namespace weft::device
