// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a decoded pixel before it is reduced: masked by the user's image, clipped. Exact.
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/mask.hpp>

namespace quickbeam::kernels {

/// How the pixels of a batch of frames are to be understood. Pointers are to the memory of the
/// processor that runs it.
template <class W>
struct PixelRule {
  ValidRange<W> valid{};
  W saturation{};                      ///< the highest unsaturated value
  const std::uint8_t* mask = nullptr;  ///< one frame of flags, non-zero = masked; null = none
  const W* clip = nullptr;  ///< one value a frame: valid pixels above become it; null = none

  /// Pixel `pixel` (row * width + column) of frame `frame` of the batch.
  QUICKBEAM_HD constexpr W operator()(W value, std::int64_t pixel, std::uint32_t frame) const {
    if (mask != nullptr && mask[pixel] != 0) return masked_value<W>();
    if (clip != nullptr && valid(value) && value > clip[frame]) return clip[frame];
    return value;
  }

  constexpr PixelRule without_clip() const { return {valid, saturation, mask, nullptr}; }
};

}  // namespace quickbeam::kernels
