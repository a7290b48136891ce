// SPDX-License-Identifier: BSD-3-Clause
// Values to 256 palette positions by an ascending table of thresholds: no log in any kernel.
#pragma once

#include <cstdint>

#include <quickbeam/core/image.hpp>
#include <quickbeam/core/palette.hpp>

namespace quickbeam::kernels {

using quickbeam::grey_levels;
using quickbeam::masked_index;
using quickbeam::saturated_index;
using quickbeam::ToneTable;

/// out(x, y) = masked_index where masked (integers: every negative value; floats: NaN), else
/// saturated_index where saturated, else grey(v), the number of thresholds <= v.
/// Integers are compared exactly (a threshold t acts as ceil(t)). `out`: u8, same extent.
/// Exact: equal on every target and device. Precondition: the table ascends and holds no NaN.
/// Throws Error UNSUPPORTED for values not in i32, i64, f32 or f64, INCONSISTENT for extents that
/// differ.
void apply_tone(const ReducedImage& in, const ToneTable& table, ImageView<std::uint8_t> out);

}  // namespace quickbeam::kernels
