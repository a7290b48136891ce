// SPDX-License-Identifier: BSD-3-Clause
// Block reductions and dilation of frames in device memory: the definitions of kernels/ops. No CUDA
// type appears here, so that host code can call it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <quickbeam/core/extent.hpp>

#include "kernels/ops/bin.hpp"
#include "kernels/reduce.hpp"

namespace quickbeam::kernels::cuda {

/// Frames of one size, one after the other in device memory.
template <class W>
struct Planes {
  const W* pixels = nullptr;            ///< [frames][height][width]
  const std::uint8_t* flags = nullptr;  ///< the same, 1 = saturated; null: compare with saturation
  std::uint32_t frames = 0;
  Extent extent{};
  ValidRange<W> valid{};
  W saturation{};  ///< the highest unsaturated value
};

/// Where reduced frames are, in device memory, one after the other.
struct ReducedPlanes {
  PixelType type = PixelType::i32;  ///< reduced_type<W>(spec): i32, i64, f32 or f64
  Extent extent{};                  ///< of one: reduced_extent(frame, spec)
  std::uint32_t frames = 0;
  void* values = nullptr;             ///< [frames][height][width]
  std::uint8_t* saturated = nullptr;  ///< the same, 0 or 1
};

/// How planes tell which pixels are saturated.
enum class SaturatedBy : std::uint8_t { value, flags };

/// Device memory reduce_planes works in; 0 for most.
std::size_t plane_reduce_bytes(std::uint32_t frames, Extent extent, std::size_t pixel_bytes,
                               const ReduceSpec& spec, SaturatedBy saturated_by);

/// Queues the reduction on `stream` (a cudaStream_t) and returns at once: no allocation, no
/// synchronisation. Exact: the values and flags the CPU gives, bit for bit. Throws Error when a
/// launch is refused, LIMIT when a side is 2^31 pixels or more. W: i32, i64, f32, f64. Integers are
/// valid from 0 on only. `scratch` is aligned to 16 bytes.
template <class W>
void reduce_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* scratch, void* stream);

}  // namespace quickbeam::kernels::cuda
