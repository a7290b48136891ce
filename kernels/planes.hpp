// SPDX-License-Identifier: BSD-3-Clause
// Small steps beside a reduced image: to float32 and back, larger, flags made smaller, masks,
// numbers.
#pragma once

#include <cstdint>
#include <span>

#include <quickbeam/core/image.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam::kernels {

/// Values as float32, masked ones as NaN. `out` has the same extent.
void to_float(const ReducedImage& in, ImageView<float> out);

/// Values of any type as float32, rounded to the nearest, none masked. `out` has the same extent.
void widen(ConstAnyView in, ImageView<float> out);

/// Values that are NaN or infinite.
std::uint64_t count_non_finite(std::span<const float> values);

/// NaN and infinities become the one quiet NaN: masked.
void mask_non_finite(std::span<float> values);

/// NaN of any sign and payload become the one quiet NaN.
void unify_nan(std::span<float> values);

/// Each pixel as a square of `times` x `times` pixels. Precondition: `out` has `times` the extent.
void repeat_pixels(ImageView<const float> in, ImageView<float> out, std::int64_t times);

/// Values below `low` become `low`, above `high` `high`; NaN stays.
void clamp(ImageView<float> image, double low, double high);

/// Flags on another grid: an output flag is set when any set input flag falls into its area (the
/// input pixel's centre, for an enlargement: the nearest input). Values are 0 and 1.
void resize_flags(ImageView<const std::uint8_t> in, ImageView<std::uint8_t> out);

/// What a reduced image holds, for reports.
ReducedNumbers numbers_of(const ReducedImage& image);

/// out(x, y) = 1 where `in` is not 0 (NaN is none), else 0. `out` has the same extent.
void flag_nonzero(ConstAnyView in, ImageView<std::uint8_t> out);

/// A copy of `in` for programs that know no NaN: it becomes -1. `out` has the same type and extent.
void masked_as_minus_one(ConstAnyView in, AnyView out);

}  // namespace quickbeam::kernels
