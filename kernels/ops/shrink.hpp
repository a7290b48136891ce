// SPDX-License-Identifier: BSD-3-Clause
// One pixel of a thumbnail's steps, as the definition in kernels/resample.hpp says it: for devices,
// where a thread makes a pixel. The rows of the CPU give the same bits (tests/cuda/shrink_*).
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels {

/// The pixels of a box: `rows` x `columns` of them, `pitch` apart.
struct BoxPixels {
  const float* first = nullptr;
  std::int64_t pitch = 0;
  std::int32_t rows = 0, columns = 0;
};

/// Sums down the columns, then across them, times 1 / pixels.
QUICKBEAM_HD inline float box_mean_plain(const BoxPixels& box) {
  double sum = 0;
  for (std::int32_t x = 0; x < box.columns; ++x) {
    double column = static_cast<double>(box.first[x]);
    for (std::int32_t y = 1; y < box.rows; ++y)
      column += static_cast<double>(box.first[y * box.pitch + x]);
    sum += column;
  }
  const double share = 1.0 / (static_cast<double>(box.rows) * static_cast<double>(box.columns));
  return static_cast<float>(sum * share);
}

/// The same with NaN left out; `none` when nothing is left.
QUICKBEAM_HD inline float box_mean_of_valid(const BoxPixels& box, float none) {
  double sum = 0, count = 0;
  for (std::int32_t x = 0; x < box.columns; ++x) {
    double column = 0;
    for (std::int32_t y = 0; y < box.rows; ++y) {
      const float v = box.first[y * box.pitch + x];
      column += v == v ? static_cast<double>(v) : 0.0;
      count += v == v ? 1.0 : 0.0;
    }
    sum += column;
  }
  return count == 0 ? none : static_cast<float>(sum * (1.0 / count));
}

/// Sum of weights[k] * values[k * step], in order.
QUICKBEAM_HD inline float weighted_sum(const double* weights, std::int32_t count,
                                       const float* values, std::int64_t step) {
  double sum = 0;
  for (std::int32_t k = 0; k < count; ++k)
    sum += weights[k] * static_cast<double>(values[k * step]);
  return static_cast<float>(sum);
}

/// Weighted sums of the valid pixels and of the mask.
struct MaskedSum {
  float sum, coverage;
};

QUICKBEAM_HD inline MaskedSum masked_sum(const double* weights, std::int32_t count,
                                         const float* values) {
  double sum = 0, coverage = 0;
  for (std::int32_t k = 0; k < count; ++k) {
    const float v = values[k];
    const bool valid = v == v;
    sum += weights[k] * (valid ? static_cast<double>(v) : 0.0);
    coverage += weights[k] * (valid ? 1.0 : 0.0);
  }
  return {static_cast<float>(sum), static_cast<float>(coverage)};
}

}  // namespace quickbeam::kernels
