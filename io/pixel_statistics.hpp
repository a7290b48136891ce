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

/// Independent running values side by side, for the compiler to keep in vectors; always the same
/// ones, so that the result does not depend on the machine.
inline constexpr std::size_t lanes = 8;

template <class T>
PixelStatistics block_statistics_with_odd_values(std::span<const T> values) {
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

/// `values` may be longer than a multiple of the lanes: the last ones are taken into lane 0, 1, ...
template <class T>
PixelStatistics block_statistics(std::span<const T> values) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  double sums[lanes] = {}, squares[lanes] = {}, low[lanes], high[lanes];
  std::fill_n(low, lanes, inf);
  std::fill_n(high, lanes, -inf);
  const auto each = [&](auto&& work) {
    const std::size_t whole = values.size() / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes)
      for (std::size_t k = 0; k < lanes; ++k) work(k, static_cast<double>(values[i + k]));
    for (std::size_t i = whole; i < values.size(); ++i)
      work(i - whole, static_cast<double>(values[i]));
  };
  each([&](std::size_t k, double v) {
    sums[k] += v;
    low[k] = v < low[k] ? v : low[k];
    high[k] = v > high[k] ? v : high[k];
  });
  PixelStatistics block{.count = values.size()};
  for (const double sum : sums) block.mean += sum;
  // Stored values are floats at most: their sum in double cannot overflow by itself.
  if (!std::isfinite(block.mean)) return block_statistics_with_odd_values(values);
  block.mean /= static_cast<double>(values.size());
  each([&](std::size_t k, double v) { squares[k] += (v - block.mean) * (v - block.mean); });
  for (const double square : squares) block.m2 += square;
  block.min = *std::min_element(low, low + lanes);
  block.max = *std::max_element(high, high + lanes);
  return block;
}

}  // namespace detail

/// T: a type of at most 32 bits. The same bits for the same values, wherever they lie.
template <class T>
PixelStatistics pixel_statistics(std::span<const T> values) {
  constexpr std::size_t block = 4096;  // stays in the first cache for its second pass
  PixelStatistics all;
  for (std::size_t at = 0; at < values.size(); at += block)
    all.merge(detail::block_statistics(values.subspan(at, std::min(block, values.size() - at))));
  return all;
}

}  // namespace quickbeam::io
