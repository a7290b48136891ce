// SPDX-License-Identifier: BSD-3-Clause
// Exact order statistics: counting for small integers, selection for the rest.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/ops/order_key.hpp"
#include "kernels/ops/percentile.hpp"

namespace quickbeam {

/// NumPy's default percentile of `count` ascending values of which `at(i)` is the i-th.
/// Precondition: count >= 1.
template <class At>
double interpolated_percentile(double percent, std::uint64_t count, At&& at) {
  const auto [index, part] = kernels::percentile_position(percent, count);
  const double value = at(index);
  const double next = part == 0 ? value : at(kernels::next_rank(index, count));
  return kernels::percentile_between(value, next, part);
}

/// Collects values and gives the i-th in ascending order. Counts below 4096 are counted; larger
/// ones are selected from.
template <class T>
class OrderStatistics {
  static_assert(std::is_integral_v<T>);

 public:
  explicit OrderStatistics(std::size_t /*most_values*/) {}

  void add(T value) {
    ++size_;
    // Two tables: equal neighbours would wait for each other's store.
    if (static_cast<std::uint64_t>(value) < counted)
      ++counts_[size_ & 1][static_cast<std::size_t>(value)];
    else
      rest_.push_back(value);
  }

  std::uint64_t size() const { return size_; }

  /// The i-th smallest value. Precondition: i < size().
  double at(std::uint64_t i) {
    for (std::size_t value = 0; value < counted; ++value) {
      const std::uint64_t here = counts_[0][value] + counts_[1][value];
      if (i < here) return static_cast<double>(value);
      i -= here;
    }
    const auto nth = rest_.begin() + static_cast<std::ptrdiff_t>(i);
    std::nth_element(rest_.begin(), nth, rest_.end());
    return static_cast<double>(*nth);
  }

 private:
  static constexpr std::size_t counted = 4096;
  std::array<std::array<std::uint64_t, counted>, 2> counts_{};
  std::vector<T> rest_;
  std::uint64_t size_ = 0;
};

/// As above for floats: one counting sort by the leading 14 bits, then selection inside a bucket.
template <class T>
requires std::is_floating_point_v<T>
class OrderStatistics<T> {
 public:
  explicit OrderStatistics(std::size_t most_values) { values_.reserve(most_values); }

  void add(T value) { values_.push_back(value); }
  std::uint64_t size() const { return values_.size(); }

  double at(std::uint64_t i) {
    if (ends_.empty()) sort_into_buckets();
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), i);
    const std::uint64_t first = end == ends_.begin() ? 0 : end[-1];
    const auto begin = values_.begin();
    const auto nth = begin + static_cast<std::ptrdiff_t>(i);
    std::nth_element(begin + static_cast<std::ptrdiff_t>(first), nth,
                     begin + static_cast<std::ptrdiff_t>(*end));
    return static_cast<double>(*nth);
  }

 private:
  static constexpr std::size_t buckets = 16384;

  /// Ascends with the value, within the range of float.
  static std::size_t bucket_of(T value) {
    constexpr T largest = std::numeric_limits<float>::max();
    return kernels::order_key(static_cast<float>(std::clamp(value, -largest, largest))) >> 18;
  }

  void sort_into_buckets() {
    ends_.assign(buckets, 0);
    for (const T value : values_) ++ends_[bucket_of(value)];
    std::uint64_t begin = 0;
    for (std::uint64_t& end : ends_) begin += std::exchange(end, begin);
    std::vector<T> sorted(values_.size());
    for (const T value : values_) sorted[ends_[bucket_of(value)]++] = value;
    values_.swap(sorted);
  }

  std::vector<T> values_;
  std::vector<std::uint64_t> ends_;  ///< one past the last value of each bucket; empty = unsorted
};

}  // namespace quickbeam
