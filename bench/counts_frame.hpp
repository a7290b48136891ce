// SPDX-License-Identifier: BSD-3-Clause
// A frame of counts as a PILATUS 6M gives them at low dose: mostly 0 to 3, a few spots, gaps of -1.
#pragma once

#include <cstdint>
#include <random>

#include <quickbeam/core/buffer.hpp>

#include "bench/memory.hpp"

namespace quickbeam::bench {

/// 5 x 12 modules of 487 x 195 pixels, 7 and 17 pixels apart. Made once, always the same.
inline const Buffer<std::int32_t>& counts_frame() {
  static const Buffer<std::int32_t> frame = [] {
    Buffer<std::int32_t> pixels(pilatus_pixels);
    std::mt19937 random(6000);
    for (int y = 0; y < pilatus_height; ++y) {
      for (int x = 0; x < pilatus_width; ++x) {
        const bool gap = x % 494 >= 487 || y % 212 >= 195;
        const auto dice = random();
        const auto counts = static_cast<std::int32_t>(dice % 4000 == 0 ? dice >> 20 : dice % 4);
        pixels[static_cast<std::size_t>(y) * pilatus_width + static_cast<std::size_t>(x)] =
            gap ? -1 : counts;
      }
    }
    return pixels;
  }();
  return frame;
}

}  // namespace quickbeam::bench
