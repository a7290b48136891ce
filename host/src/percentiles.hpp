// SPDX-License-Identifier: BSD-3-Clause
// Exact order statistics: counting for small integers, selection for the rest.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace quickbeam {

/// NumPy's default percentile of `count` ascending values of which `at(i)` is the i-th.
/// Precondition: count >= 1.
template <class At>
double interpolated_percentile(double percent, std::uint64_t count, At&& at) {
  const double position = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count - 1);
  const auto index = std::min(static_cast<std::uint64_t>(position), count - 1);
  const double part = position - static_cast<double>(index);
  const double a = at(index);
  if (part == 0 || index + 1 == count) return a;
  const double b = at(index + 1);
  return part < 0.5 ? a + (b - a) * part : b - (b - a) * (1 - part);
}

/// Collects values and gives the i-th in ascending order.
template <class T>
class OrderStatistics {
 public:
  explicit OrderStatistics(std::size_t most_values) {
    if constexpr (std::is_floating_point_v<T>) rest_.reserve(most_values);
  }

  void add(T value) {
    ++size_;
    if constexpr (std::is_integral_v<T>)
      if (static_cast<std::uint64_t>(value) < counted) {
        // Two tables: equal neighbours would wait for each other's store.
        ++counts_[size_ & 1][static_cast<std::size_t>(value)];
        return;
      }
    rest_.push_back(value);
  }

  std::uint64_t size() const { return size_; }

  /// The i-th smallest value. Precondition: i < size().
  double at(std::uint64_t i) {
    if constexpr (std::is_integral_v<T>) {
      for (std::size_t value = 0; value < counted; ++value) {
        const std::uint64_t here = counts_[0][value] + counts_[1][value];
        if (i < here) return static_cast<double>(value);
        i -= here;
      }
    }
    const auto nth = rest_.begin() + static_cast<std::ptrdiff_t>(i);
    std::nth_element(rest_.begin(), nth, rest_.end());
    return static_cast<double>(*nth);
  }

 private:
  static constexpr std::uint64_t counted = std::is_integral_v<T> ? 4096 : 1;
  std::array<std::array<std::uint32_t, counted>, 2> counts_{};
  std::vector<T> rest_;
  std::uint64_t size_ = 0;
};

}  // namespace quickbeam
