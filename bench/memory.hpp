// SPDX-License-Identifier: BSD-3-Clause
// What every stage is compared with: the speed of memcpy over one decoded PILATUS 6M frame (warm
// buffers), measured once in the same run. Both in processor time of the program, which other
// programs on the machine disturb less than they do the wall clock.
#pragma once

#include <algorithm>
#include <cstring>
#include <ctime>

#include <quickbeam/core/buffer.hpp>

namespace quickbeam::bench {

inline constexpr int pilatus_width = 2463, pilatus_height = 2527;
inline constexpr std::size_t pilatus_pixels = std::size_t{pilatus_width} * pilatus_height;

/// Processor seconds this program has used.
inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Processor seconds of one memcpy of a decoded frame (24.9 MB), best of 5 batches; measured at
/// first use.
inline double memcpy_frame_seconds() {
  static const double seconds = [] {
    Buffer<std::byte> from(pilatus_pixels * 4), to(pilatus_pixels * 4);
    std::memset(from.data(), 1, from.size());
    double best = 1e9;
    for (int batch = 0; batch < 6; ++batch) {
      const double start = cpu_seconds();
      for (int i = 0; i < 20; ++i) {
        std::memcpy(to.data(), from.data(), from.size());
        asm volatile("" : : "r"(to.data()) : "memory");
      }
      if (batch > 0) best = std::min(best, (cpu_seconds() - start) / 20);
    }
    return best;
  }();
  return seconds;
}

}  // namespace quickbeam::bench
