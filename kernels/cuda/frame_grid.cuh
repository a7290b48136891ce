// SPDX-License-Identifier: BSD-3-Clause
// The grid of kernels over a batch of frames.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

namespace quickbeam::kernels::cuda {

/// A row of `blocks` blocks for each frame. The y dimension of a grid ends at 65535 on every card,
/// so a kernel goes on with frame blockIdx.y + gridDim.y.
inline dim3 frame_grid(std::uint64_t blocks, std::uint32_t frames) {
  constexpr std::uint32_t largest_grid_y = 65535;
  return dim3(static_cast<unsigned>(blocks), std::min(frames, largest_grid_y));
}

}  // namespace quickbeam::kernels::cuda
