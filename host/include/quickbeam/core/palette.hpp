// SPDX-License-Identifier: BSD-3-Clause
// The 256 positions of a thumbnail's pixels and what they mean: a tone, masked, or saturated.
#pragma once

#include <array>
#include <cstdint>

namespace quickbeam {

struct Rgb {
  std::uint8_t r, g, b;
  friend constexpr bool operator==(Rgb, Rgb) = default;
};

/// One colour for each position.
using Palette = std::array<Rgb, 256>;

/// Palette positions: 0 .. grey_levels-1 are the tone, then one for masked, one for saturated.
inline constexpr int grey_levels = 254;
inline constexpr std::uint8_t masked_index = 254;
inline constexpr std::uint8_t saturated_index = 255;

/// table[k] (ascending, k = 0 .. grey_levels-2) is the smallest value of grey k+1:
/// grey(v) = number of thresholds <= v. Made in double, once, by make_tone_table.
using ToneTable = std::array<double, grey_levels - 1>;

}  // namespace quickbeam
