// SPDX-License-Identifier: BSD-3-Clause
// How every kernel is launched: one checked call, so that a refused launch is an Error with a name.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/cuda/check.hpp"

namespace quickbeam::kernels::cuda {

/// Queues `kernel` on `stream`; throws Error (see check) named `what` when the launch is refused.
/// Faults of the kernel itself show at the next synchronisation.
template <class... Parameters, class... Arguments>
void launch(const char* what, void (*kernel)(Parameters...), dim3 grid, dim3 block, void* stream,
            Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = static_cast<cudaStream_t>(stream);
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), what);
}

/// Throws Error named `what` when the current device cannot load `kernel`.
template <class... Parameters>
void check_loadable(void (*kernel)(Parameters...), const char* what) {
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, kernel), what);
}

/// Blocks of `size` that cover `count` elements.
constexpr unsigned blocks_for(std::uint64_t count, std::uint64_t size) {
  return static_cast<unsigned>((count + size - 1) / size);
}

/// Where the y dimension of a grid ends, on every card.
inline constexpr std::uint32_t largest_grid_y = 65535;

/// A row of `blocks` blocks for each frame, of largest_grid_y at most: a kernel goes on with frame
/// blockIdx.y + gridDim.y.
inline dim3 frame_grid(std::uint64_t blocks, std::uint32_t frames) {
  return dim3(static_cast<unsigned>(blocks), std::min(frames, largest_grid_y));
}

}  // namespace quickbeam::kernels::cuda
