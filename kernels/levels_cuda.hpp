// SPDX-License-Identifier: BSD-3-Clause
// What levels are made of, measured on reduced frames in device memory. No CUDA type appears here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/bin_cuda.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr std::size_t most_percents = 4;

/// Of one reduced frame. "Measured" pixels are neither masked, nor saturated, nor infinite.
struct ReducedFacts {
  std::uint64_t measured;
  std::uint64_t masked;
  std::uint64_t saturated;  ///< flags set, on masked pixels too
  double highest;           ///< of valid, unsaturated pixels (infinities too), not below 0
  /// For percent p of the call, the values of rank floor and floor + 1 of NumPy's position
  /// p / 100 * (measured - 1) (ops/percentile.hpp), the last one at the end; 0 when none measured.
  double at[most_percents][2];
};

/// Device memory measure_reduced works in.
std::size_t measure_bytes(std::uint32_t frames);

/// Fills facts[frames] (device memory). `percents`: host memory, read before it returns, at most
/// most_percents. Queues on `stream` (a cudaStream_t). Exact. Throws Error when a launch is
/// refused. `scratch`: measure_bytes(in.frames), aligned to 16 bytes, whatever is in it.
void measure_reduced(const ReducedPlanes& in, std::span<const double> percents, ReducedFacts* facts,
                     void* scratch, void* stream);

}  // namespace quickbeam::kernels::cuda
