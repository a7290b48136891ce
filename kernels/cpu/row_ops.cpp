// SPDX-License-Identifier: BSD-3-Clause
// What happens to a decoded row before it is reduced. Plain loops: they run only when asked for.
#include "kernels/row_ops.hpp"

#include "kernels/ops/row_ops.hpp"

namespace quickbeam::kernels {
template <class W>
void mask_row(std::span<W> row, const std::uint8_t* mask) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = mask[i] ? masked_value<W>() : row[i];
}

template <class W>
void count_row(std::span<const W> row, ValidRange<W> valid, W saturation,
               const std::uint8_t* saturated, std::span<std::uint64_t> counts) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (ops::is_counted(row[i], valid, saturation, saturated && saturated[i] != 0))
      ++counts[ops::bin_of(row[i], counts.size())];
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
    sum[i] = ops::add_pixel(sum[i], value, is_valid);
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
