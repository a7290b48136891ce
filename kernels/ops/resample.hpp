// SPDX-License-Identifier: BSD-3-Clause
// The weights of separable filters: which input pixels, and how much of each, make an output pixel.
// Host only, in double: kernels multiply and add what stands here.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "kernels/resample.hpp"

namespace quickbeam::kernels {

/// One axis of a separable filter.
struct AxisWeights {
  struct Window {
    std::int32_t first;    ///< input pixel of the first weight; never descends along the axis
    std::int32_t count;    ///< weights in use
    std::int32_t nearest;  ///< input pixel whose mask the output pixel inherits
  };
  std::vector<Window> windows;  ///< one per output pixel
  std::vector<double> weights;  ///< `widest` per output pixel, each row adding up to 1
  std::int32_t widest = 0;

  const double* of(std::int64_t i) const {
    return weights.data() + static_cast<std::ptrdiff_t>(i) * widest;
  }
};

inline double sinc(double x) {
  return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

/// Half the width of a filter before it is scaled.
inline double support_of(ResampleFilter filter) {
  constexpr double supports[] = {0.5, 1, 1, 2, 3};
  return supports[static_cast<std::size_t>(filter)];
}

/// True for filters whose weights dip below 0.
inline bool has_negative_lobes(ResampleFilter filter) {
  return filter == ResampleFilter::bicubic || filter == ResampleFilter::lanczos;
}

/// The filter functions of Pillow (src/libImaging/Resample.c), unscaled.
inline double filter_value(ResampleFilter filter, double x) {
  if (filter == ResampleFilter::box) return x > -0.5 && x <= 0.5 ? 1 : 0;
  x = std::abs(x);
  if (x >= support_of(filter)) return 0;
  switch (filter) {
    case ResampleFilter::bilinear:
      return 1 - x;
    case ResampleFilter::hamming:
      return sinc(x) * (0.54 + 0.46 * std::cos(std::numbers::pi * x));
    case ResampleFilter::bicubic:  // Keys' kernel with a = -0.5
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
    default:
      return sinc(x) * sinc(x / 3);
  }
}

/// Divides by the sum, so that flat stays flat.
inline void normalise(double* weights, std::int32_t count) {
  double sum = 0;
  for (std::int32_t i = 0; i < count; ++i) sum += weights[i];
  if (sum == 0) return;
  for (std::int32_t i = 0; i < count; ++i) weights[i] /= sum;
}

/// An axis that copies.
inline AxisWeights identity_weights(std::int32_t size) {
  AxisWeights axis{
      .windows{}, .weights = std::vector<double>(static_cast<std::size_t>(size), 1.0), .widest = 1};
  for (std::int32_t i = 0; i < size; ++i) axis.windows.push_back({i, 1, i});
  return axis;
}

/// The weights with which Pillow's resize maps the first `source` pixels of `in` (fewer than all
/// when the last block of a box reduction was partial) onto `out` pixels.
inline AxisWeights resample_weights(std::int32_t in, double source, std::int32_t out,
                                    ResampleFilter filter) {
  if (in == out && source == in) return identity_weights(in);
  const double scale = static_cast<double>(static_cast<float>(source)) / out;  // a float in Pillow
  const double filter_scale = std::max(scale, 1.0);
  const double support = support_of(filter) * filter_scale;
  AxisWeights axis;
  axis.widest = static_cast<std::int32_t>(std::min<double>(std::ceil(support) * 2 + 1, in));
  axis.weights.resize(static_cast<std::size_t>(out) * static_cast<std::size_t>(axis.widest));
  axis.windows.reserve(static_cast<std::size_t>(out));
  for (std::int32_t i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const auto first = std::max(static_cast<std::int32_t>(center - support + 0.5), 0);
    const auto end = static_cast<std::int32_t>(std::min<double>(center + support + 0.5, in));
    const auto nearest = std::min(static_cast<std::int32_t>(center), in - 1);
    double* weights = axis.weights.data() + static_cast<std::ptrdiff_t>(i) * axis.widest;
    for (std::int32_t k = first; k < end; ++k)
      weights[k - first] = filter_value(filter, (k - center + 0.5) * (1 / filter_scale));
    normalise(weights, end - first);
    axis.windows.push_back({first, end - first, nearest});
  }
  return axis;
}

/// Where the negative lobes of a filter leave less of the weight than this, the nearest pixel is
/// taken.
inline double least_coverage(ResampleFilter filter) {
  return has_negative_lobes(filter) ? 0.125 : 0;
}

/// A thumbnail's way: box reduction by the factors, then bicubic weights.
struct ThumbnailSteps {
  Extent in{}, out{};
  std::int32_t factor_x = 1, factor_y = 1;
  Extent reduced{};  ///< between the two
  AxisWeights x{}, y{};

  bool reduces() const { return factor_x > 1 || factor_y > 1; }
};

/// Preconditions: neither is empty, sides are below 2^31.
inline ThumbnailSteps thumbnail_steps(Extent in, Extent out, ThumbnailFilter filter) {
  const auto side = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
  // Pillow's rule for reducing_gap 2.
  const auto factor = [&](std::int64_t from, std::int64_t to) {
    if (filter == ThumbnailFilter::exact) return 1;
    return std::max(
        static_cast<std::int32_t>(static_cast<double>(from) / static_cast<double>(to) / 2), 1);
  };
  ThumbnailSteps steps{.in = in, .out = out};
  steps.factor_x = factor(in.width, out.width);
  steps.factor_y = factor(in.height, out.height);
  steps.reduced = {(in.width + steps.factor_x - 1) / steps.factor_x,
                   (in.height + steps.factor_y - 1) / steps.factor_y};
  // The last box may be partial: then less than all of the reduced image is the source.
  steps.x =
      resample_weights(side(steps.reduced.width), static_cast<double>(in.width) / steps.factor_x,
                       side(out.width), ResampleFilter::bicubic);
  steps.y =
      resample_weights(side(steps.reduced.height), static_cast<double>(in.height) / steps.factor_y,
                       side(out.height), ResampleFilter::bicubic);
  return steps;
}

/// Where position `i` of an axis of `size` pixels lies when both ends are mirrors (d c b a | a b c
/// d | d c b a).
constexpr std::int64_t reflected(std::int64_t i, std::int64_t size) {
  const std::int64_t period = 2 * size;
  i = ((i % period) + period) % period;
  return i < size ? i : period - 1 - i;
}

/// SciPy's gaussian_filter1d (truncate 4, mode reflect); reflected weights are added to those of
/// the pixels they fall on.
inline AxisWeights gaussian_weights(std::int32_t size, double sigma) {
  const auto radius = static_cast<std::int32_t>(4 * sigma + 0.5);
  if (radius == 0) return identity_weights(size);
  std::vector<double> kernel;
  for (std::int32_t k = -radius; k <= radius; ++k)
    kernel.push_back(std::exp(-0.5 / (sigma * sigma) * k * k));
  normalise(kernel.data(), 2 * radius + 1);
  AxisWeights axis;
  axis.widest = std::min(2 * radius + 1, size);
  axis.weights.resize(static_cast<std::size_t>(size) * static_cast<std::size_t>(axis.widest));
  for (std::int32_t i = 0; i < size; ++i) {
    // Mirrored positions stay inside the window: it is cut where it reaches beyond the border.
    const std::int32_t first = std::max(i - radius, 0), end = std::min(i + radius + 1, size);
    double* weights = axis.weights.data() + static_cast<std::ptrdiff_t>(i) * axis.widest;
    for (std::int32_t k = -radius; k <= radius; ++k)
      weights[reflected(std::int64_t{i} + k, size) - first] +=
          kernel[static_cast<std::size_t>(k + radius)];
    axis.windows.push_back({first, end - first, i});
  }
  return axis;
}

}  // namespace quickbeam::kernels
