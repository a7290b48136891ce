// SPDX-License-Identifier: BSD-3-Clause
// Which ranks a percentile lies between and what it is between their values: NumPy's default
// ("linear"), written once for host and device. Exact: + - * / of doubles in this order.
#pragma once

#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels {

/// A place among ascending values: at rank `index` (0 = the smallest), `part` (0 .. 1) of the way
/// to the next one.
struct PercentilePosition {
  std::uint64_t index;
  double part;
};

/// percent / 100 * (count - 1); percents outside 0 .. 100 act as the nearer end. Preconditions:
/// percent is not NaN, count >= 1.
QUICKBEAM_HD constexpr PercentilePosition percentile_position(double percent, std::uint64_t count) {
  const double inside = percent < 0 ? 0 : percent > 100 ? 100 : percent;
  const double position = inside / 100 * static_cast<double>(count - 1);
  const auto floor = static_cast<std::uint64_t>(position);
  const std::uint64_t index = floor < count - 1 ? floor : count - 1;
  return {index, position - static_cast<double>(index)};
}

/// The rank after `index`; the last one has none and stands for itself.
QUICKBEAM_HD constexpr std::uint64_t next_rank(std::uint64_t index, std::uint64_t count) {
  return index + 1 < count ? index + 1 : index;
}

/// The value at `part` between those of a rank and of the next one. A zero comes out as +0, so that
/// the order of equal values cannot be seen.
QUICKBEAM_HD constexpr double percentile_between(double value, double next, double part) {
  const double between = part == 0    ? value
                         : part < 0.5 ? value + (next - value) * part
                                      : next - (next - value) * (1 - part);
  return between + 0.0;
}

}  // namespace quickbeam::kernels
