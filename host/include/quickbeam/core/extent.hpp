// SPDX-License-Identifier: BSD-3-Clause
// The size of an image: width is the fast axis, height the slow one.
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam {

/// Width (fast axis) and height (slow axis) in pixels.
struct Extent {
  std::int64_t width = 0;
  std::int64_t height = 0;

  /// Number of pixels. The caller has checked that it fits: readers compare with the bytes present
  /// in 128-bit arithmetic before an Extent is made.
  QUICKBEAM_HD constexpr std::int64_t pixels() const { return width * height; }
  QUICKBEAM_HD constexpr bool empty() const { return width <= 0 || height <= 0; }
  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

}  // namespace quickbeam
