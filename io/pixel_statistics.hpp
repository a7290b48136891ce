// SPDX-License-Identifier: BSD-3-Clause
// Minimum, maximum, mean and deviation of pixels in one read: exact deviations from the mean of
// each block, blocks merged pairwise (Chan, Golub and LeVeque, Am. Stat. 37, 242-247, 1983).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace quickbeam::io {

/// Of finite pixels; the others are only counted.
struct PixelStatistics {
  std::uint64_t count = 0;       ///< finite pixels
  std::uint64_t non_finite = 0;  ///< NaN and infinities
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double mean = 0;
  double m2 = 0;  ///< sum of squared deviations from the mean

  std::uint64_t values() const { return count + non_finite; }
  /// Divisor N.
  double sd() const { return count > 0 ? std::sqrt(m2 / static_cast<double>(count)) : 0; }
  /// Divisor N - 1.
  double sample_sd() const {
    return count > 1 ? std::sqrt(m2 / static_cast<double>(count - 1)) : 0;
  }
  bool determined() const { return count > 0 && non_finite == 0; }

  void merge(const PixelStatistics& other) {
    non_finite += other.non_finite;
    if (other.count == 0) return;
    const auto n = static_cast<double>(count), m = static_cast<double>(other.count);
    const double delta = other.mean - mean;
    count += other.count;
    mean += delta * (m / (n + m));
    m2 += other.m2 + delta * delta * (n * m / (n + m));
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
};

namespace detail {

template <class T>
PixelStatistics block_statistics(std::span<const T> values) {
  PixelStatistics block;
  double sum = 0;
  for (const T stored : values) {
    const auto value = static_cast<double>(stored);
    if (!std::isfinite(value)) continue;
    ++block.count;
    sum += value;
    block.min = std::min(block.min, value);
    block.max = std::max(block.max, value);
  }
  block.non_finite = values.size() - block.count;
  if (block.count == 0) return block;
  block.mean = sum / static_cast<double>(block.count);
  for (const T stored : values) {
    const double deviation = static_cast<double>(stored) - block.mean;
    if (std::isfinite(deviation)) block.m2 += deviation * deviation;
  }
  return block;
}

}  // namespace detail

/// T: an integer or floating type. The same bits for the same values, wherever they lie.
template <class T>
PixelStatistics pixel_statistics(std::span<const T> values) {
  constexpr std::size_t block = 4096;  // stays in the first cache for its second pass
  PixelStatistics all;
  for (std::size_t at = 0; at < values.size(); at += block)
    all.merge(detail::block_statistics(values.subspan(at, std::min(block, values.size() - at))));
  return all;
}

}  // namespace quickbeam::io
