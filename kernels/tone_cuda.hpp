// SPDX-License-Identifier: BSD-3-Clause
// Reduced frames in device memory to palette positions. No CUDA type appears here.
#pragma once

#include <cstdint>

#include "kernels/bin_cuda.hpp"
#include "kernels/ops/tone.hpp"

namespace quickbeam::kernels::cuda {

/// Writes pictures[frames][height][width], palette positions as kernels::apply_tone gives them.
/// `steps`: device memory, ToneSteps<K> of each frame, K the type of the values (i32, i64, f32,
/// f64). Queues on `stream` (a cudaStream_t). Exact. Throws Error when a launch is refused.
void apply_tone(const ReducedPlanes& in, const void* steps, std::uint8_t* pictures, void* stream);

}  // namespace quickbeam::kernels::cuda
