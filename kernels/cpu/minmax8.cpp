// SPDX-License-Identifier: BSD-3-Clause
// Pictures of 8 bits: the ends of an image, and values between them.
#include "kernels/minmax8.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace quickbeam::kernels {
namespace {

struct Ends {
  float low = std::numeric_limits<float>::infinity(), high = -low;
  void take(float v) {
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
};

/// Of all values but NaN, which is neither below nor above anything. Side by side, for the compiler
/// to keep in vectors.
Ends ends_of(std::span<const float> values) {
  constexpr std::size_t lanes = 16;
  std::array<float, lanes> low, high;
  Ends ends;
  low.fill(ends.low);
  high.fill(ends.high);
  const std::size_t whole = values.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) {
      const float v = values[i + k];
      low[k] = v < low[k] ? v : low[k];
      high[k] = v > high[k] ? v : high[k];
    }
  for (const float v : values.subspan(whole)) ends.take(v);
  for (std::size_t k = 0; k < lanes; ++k) {
    ends.low = std::min(ends.low, low[k]);
    ends.high = std::max(ends.high, high[k]);
  }
  return ends;
}

Ends finite_ends(std::span<const float> values) {
  Ends ends = ends_of(values);
  if (std::isfinite(ends.low) && std::isfinite(ends.high)) return ends;
  ends = {};
  for (const float v : values)
    if (std::isfinite(v)) ends.take(v);
  return ends;
}

}  // namespace

void scale_minmax8(std::span<const float> image, std::span<float> thumbnail) {
  const Ends ends = finite_ends(image);
  const auto low = static_cast<double>(ends.low), high = static_cast<double>(ends.high);
  for (float& v : thumbnail) {
    const double grey = (static_cast<double>(v) - low) * 255 / (high - low);
    // A comparison with NaN is false.
    v = high > low && grey > 0 ? static_cast<float>(std::floor(std::min(grey, 255.0))) : 0.0F;
  }
}

}  // namespace quickbeam::kernels
