// SPDX-License-Identifier: BSD-3-Clause
// Values to 256 palette positions by an ascending table of thresholds: no log in any kernel.
#pragma once

#include <array>
#include <cstdint>

#include <quickbeam/core/image.hpp>

namespace quickbeam::kernels {

/// Palette positions: 0 .. grey_levels-1 are the tone, then one for masked, one for saturated.
inline constexpr int grey_levels = 254;
inline constexpr std::uint8_t masked_index = 254;
inline constexpr std::uint8_t saturated_index = 255;

/// thresholds[k] (ascending, k = 0 .. grey_levels-2) is the smallest value of grey k+1:
/// grey(v) = number of thresholds <= v. Made on the host, in double, once (host/src/tone_curve).
using ToneTable = std::array<double, grey_levels - 1>;

/// out(x, y) = masked_index where masked, saturated_index where saturated, else grey(v).
/// Integers are compared exactly (a threshold t acts as ceil(t)). `out`: u8, same extent.
/// Exact: equal on every target and device.
void apply_tone(const ReducedImage& in, const ToneTable& table, ImageView<std::uint8_t> out);

}  // namespace quickbeam::kernels
