// SPDX-License-Identifier: BSD-3-Clause
// What happens to a decoded row before it is reduced. Plain loops: they run only when asked for.
#include "kernels/row_ops.hpp"

#include <algorithm>
#include <cmath>

namespace quickbeam::kernels {
namespace {

template <class Sum>
bool is_masked(Sum value) {
  if constexpr (std::is_floating_point_v<Sum>)
    return std::isnan(value);
  else
    return value < 0;
}

template <class W>
std::size_t bin_of(W value, std::size_t bins) {
  if (!(value > 0)) return 0;
  const W last = static_cast<W>(bins - 1);
  return static_cast<std::size_t>(std::min(value, last));
}

}  // namespace

template <class W>
void mask_row(std::span<W> row, const std::uint8_t* mask) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = mask[i] ? masked_value<W>() : row[i];
}

template <class W>
void count_row(std::span<const W> row, ValidRange<W> valid, W saturation,
               const std::uint8_t* saturated, std::span<std::uint64_t> counts) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (valid(row[i]) && row[i] <= saturation && (!saturated || saturated[i] == 0))
      ++counts[bin_of(row[i], counts.size())];
}

template <class W>
void clip_row(std::span<W> row, ValidRange<W> valid, W highest) {
  for (W& value : row) value = valid(value) && value > highest ? highest : value;
}

template <class W, class Sum>
void add_row(std::span<const W> row, ValidRange<W> valid, W saturation, Sum* sum,
             std::uint8_t* saturated) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const W value = row[i];
    const bool is_valid = valid(value);
    sum[i] =
        is_valid && !is_masked(sum[i]) ? sum[i] + static_cast<Sum>(value) : masked_value<Sum>();
    saturated[i] = static_cast<std::uint8_t>(saturated[i] | (is_valid && value > saturation));
  }
}

#define QUICKBEAM_ROW_OPS(W, Sum)                                                    \
  template void mask_row(std::span<W>, const std::uint8_t*);                         \
  template void count_row(std::span<const W>, ValidRange<W>, W, const std::uint8_t*, \
                          std::span<std::uint64_t>);                                 \
  template void clip_row(std::span<W>, ValidRange<W>, W);                            \
  template void add_row(std::span<const W>, ValidRange<W>, W, Sum*, std::uint8_t*);
QUICKBEAM_ROW_OPS(std::int32_t, std::int64_t)
QUICKBEAM_ROW_OPS(std::int64_t, std::int64_t)
QUICKBEAM_ROW_OPS(float, double)
QUICKBEAM_ROW_OPS(double, double)
#undef QUICKBEAM_ROW_OPS

}  // namespace quickbeam::kernels
