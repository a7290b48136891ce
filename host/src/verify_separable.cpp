// SPDX-License-Identifier: BSD-3-Clause
// Separable filters of the reference: one pixel after the other, in double.
#include "host/src/verify_separable.hpp"

#include <algorithm>
#include <cmath>

namespace quickbeam {
namespace {

using Floats = ImageView<float>;

Image float_image(Extent extent) { return {PixelType::f32, extent}; }

/// Sum of weight x value along one axis, in double and in order; NaN adds nothing. `at(i)` is the
/// value of input pixel i.
template <class At>
float weighted(const kernels::AxisWeights& axis, std::int64_t i, At&& at) {
  const auto window = axis.windows[static_cast<std::size_t>(i)];
  double sum = 0;
  for (std::int32_t k = 0; k < window.count; ++k) sum += axis.of(i)[k] * at(window.first + k);
  return static_cast<float>(sum);
}

/// Rows, then columns, through float32: the definition in kernels/resample.hpp. `take` is what
/// stands for a pixel.
template <class Take>
Image filtered(Floats in, const kernels::AxisWeights& x, const kernels::AxisWeights& y,
               Take&& take) {
  const auto width = static_cast<std::int64_t>(x.windows.size());
  const auto height = static_cast<std::int64_t>(y.windows.size());
  Image between = float_image({width, in.extent.height}), out = float_image({width, height});
  for (std::int64_t j = 0; j < in.extent.height; ++j)
    for (std::int64_t i = 0; i < width; ++i)
      between.as<float>()(i, j) =
          weighted(x, i, [&](std::int64_t k) { return static_cast<double>(take(in(k, j))); });
  for (std::int64_t j = 0; j < height; ++j)
    for (std::int64_t i = 0; i < width; ++i)
      out.as<float>()(i, j) = weighted(
          y, j, [&](std::int64_t k) { return static_cast<double>(between.as<float>()(i, k)); });
  return out;
}

}  // namespace

Image separable(Floats in, const kernels::AxisWeights& x, const kernels::AxisWeights& y,
                double least) {
  const auto is_nan = [](float v) { return std::isnan(v); };
  if (std::none_of(in.data, in.data + in.extent.pixels(), is_nan))
    return filtered(in, x, y, [](float v) { return v; });
  Image sum = filtered(in, x, y, [&](float v) { return is_nan(v) ? 0.0F : v; });
  const Image share = filtered(in, x, y, [&](float v) { return is_nan(v) ? 0.0F : 1.0F; });
  const Floats out = sum.as<float>();
  for (std::int64_t j = 0; j < out.extent.height; ++j)
    for (std::int64_t i = 0; i < out.extent.width; ++i) {
      const float nearest = in(x.windows[static_cast<std::size_t>(i)].nearest,
                               y.windows[static_cast<std::size_t>(j)].nearest);
      const float part = share.as<float>()(i, j);
      out(i, j) = std::isnan(nearest) || !(part > least) ? nearest : out(i, j) / part;
    }
  return sum;
}

}  // namespace quickbeam
