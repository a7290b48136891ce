// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails the slow and obvious way: everything in double, both axes at once, no NaN.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace quickbeam::oracle {

struct Pixels {
  std::int64_t width = 0, height = 0;
  std::vector<double> values;
  double at(std::int64_t x, std::int64_t y) const {
    return values[static_cast<std::size_t>(y * width + x)];
  }
};

/// Keys' cubic convolution with a = -1/2.
inline double keys_cubic(double t) {
  t = std::fabs(t);
  if (t < 1) return 1 - 2.5 * t * t + 1.5 * t * t * t;
  if (t < 2) return 2 - 4 * t + 2.5 * t * t - 0.5 * t * t * t;
  return 0;
}

/// Means of boxes, the last ones of what is left.
inline Pixels box_means(const Pixels& in, std::int64_t fx, std::int64_t fy) {
  Pixels out{(in.width + fx - 1) / fx, (in.height + fy - 1) / fy, {}};
  for (std::int64_t y = 0; y < out.height; ++y)
    for (std::int64_t x = 0; x < out.width; ++x) {
      double sum = 0, count = 0;
      for (std::int64_t j = y * fy; j < std::min((y + 1) * fy, in.height); ++j)
        for (std::int64_t i = x * fx; i < std::min((x + 1) * fx, in.width); ++i)
          sum += in.at(i, j), ++count;
      out.values.push_back(sum / count);
    }
  return out;
}

/// The weight of input pixel i in output pixel o, where an output pixel is `scale` input pixels.
inline double cubic_weight(std::int64_t i, std::int64_t o, double scale) {
  const double center = (static_cast<double>(o) + 0.5) * scale;
  return keys_cubic((static_cast<double>(i) + 0.5 - center) / std::max(scale, 1.0));
}

/// Bicubic shrinking of `in`, of which the first source_width x source_height pixels count.
inline Pixels bicubic(const Pixels& in, double source_width, double source_height,
                      std::int64_t width, std::int64_t height) {
  const double sx = source_width / static_cast<double>(width);
  const double sy = source_height / static_cast<double>(height);
  Pixels out{width, height, {}};
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      double sum = 0, weights = 0;
      for (std::int64_t j = 0; j < in.height; ++j) {
        const double wy = cubic_weight(j, y, sy);
        if (wy == 0) continue;
        for (std::int64_t i = 0; i < in.width; ++i) {
          const double w = wy * cubic_weight(i, x, sx);
          sum += w * in.at(i, j);
          weights += w;
        }
      }
      out.values.push_back(sum / weights);
    }
  return out;
}

/// Pillow's Image.thumbnail to width x height; `boxes` = with its reducing_gap of 2.
inline Pixels thumbnail(const Pixels& in, std::int64_t width, std::int64_t height, bool boxes) {
  if (width == in.width && height == in.height) return in;
  const std::int64_t fx = boxes ? std::max<std::int64_t>(1, in.width / (2 * width)) : 1;
  const std::int64_t fy = boxes ? std::max<std::int64_t>(1, in.height / (2 * height)) : 1;
  return bicubic(box_means(in, fx, fy), static_cast<double>(in.width) / static_cast<double>(fx),
                 static_cast<double>(in.height) / static_cast<double>(fy), width, height);
}

}  // namespace quickbeam::oracle
