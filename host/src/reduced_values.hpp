// SPDX-License-Identifier: BSD-3-Clause
// One walk over the values of a reduced image that are measurements: neither masked nor saturated.
#pragma once

#include <string>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>

#include "kernels/ops/measured.hpp"

namespace quickbeam {

/// Calls `f` with the typed values of `image`. Throws Error UNSUPPORTED for types no reduction
/// makes, INCONSISTENT when the flags have another extent.
template <class F>
decltype(auto) visit_values(const ReducedImage& image, F&& f) {
  if (image.values.extent() != image.saturated.extent())
    fail({.code = ErrorCode::inconsistent,
          .field = "reduced image",
          .expected = "values and saturation flags of one extent",
          .found = std::to_string(image.values.extent().pixels()) + " and " +
                   std::to_string(image.saturated.extent().pixels()) + " pixels"});
  switch (image.values.type()) {
    case PixelType::i32:
      return f(image.values.as<const std::int32_t>());
    case PixelType::i64:
      return f(image.values.as<const std::int64_t>());
    case PixelType::f32:
      return f(image.values.as<const float>());
    case PixelType::f64:
      return f(image.values.as<const double>());
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "reduced image",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(image.values.type()))});
  }
}

/// Calls `f(value)` for each measured value, in row order. Infinities are none.
template <class T, class F>
void for_each_measured(ImageView<const T> values, const std::uint8_t* saturated, F&& f) {
  const std::int64_t pixels = values.extent.pixels();
  for (std::int64_t i = 0; i < pixels; ++i) {
    const T v = values.data[i];
    if (kernels::is_measured(v, saturated[i])) f(v);
  }
}

}  // namespace quickbeam
