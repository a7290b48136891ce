// SPDX-License-Identifier: BSD-3-Clause
// Frames that were not decoded on the GPU, and what is done to whole planes before a reduction. No
// CUDA type appears here. All functions queue on `stream` (a cudaStream_t) and return at once;
// pointers are to device memory; throws Error when a launch is refused. Exact.
#pragma once

#include <cstdint>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/core/pixel_type.hpp>

#include "kernels/ops/pixel_rule.hpp"

namespace quickbeam::kernels::cuda {

/// Frames of plain values, any pixel type, either byte order.
struct RawBatch {
  const std::uint8_t* const* data = nullptr;  ///< first pixel of each, aligned to 16 bytes
  std::uint32_t frames = 0;
  PixelType type = PixelType::i32;
  ByteOrder order = ByteOrder::little;
  Extent extent{};
};

/// Widens to W, the WorkType of batch.type (i32, i64, f32, f64), applies the rule, writes planes
/// one after the other. This and add_planes throw Error UNSUPPORTED when W is another type.
template <class W>
void widen_planes(const RawBatch& batch, const PixelRule<W>& rule, W* planes, void* stream);

/// Adds each frame to its own plane of `sums` (Sum = i64 for integers, f64 for floats), as
/// kernels::add_row does; `saturated` (u8 planes) becomes 1 where a valid pixel is above
/// rule.saturation. rule.clip is not looked at.
template <class W, class Sum>
void add_planes(const RawBatch& batch, const PixelRule<W>& rule, Sum* sums, std::uint8_t* saturated,
                void* stream);

/// Adds valid pixels up to rule.saturation to histograms of raw_histogram_bins bins, one a frame,
/// as kernels::count_row does. `flags`: not 0 where a pixel is saturated all the same, or null.
/// rule.clip is not looked at.
template <class W>
void count_planes(const W* planes, const std::uint8_t* flags, std::uint32_t frames,
                  std::int64_t pixels, const PixelRule<W>& rule, std::uint32_t* counts,
                  void* stream);

/// Applies rule.clip and rule.mask to planes in place.
template <class W>
void clip_planes(W* planes, std::uint32_t frames, std::int64_t pixels, const PixelRule<W>& rule,
                 void* stream);

}  // namespace quickbeam::kernels::cuda
