// SPDX-License-Identifier: BSD-3-Clause
// Box reduction, an output row at a time: sums down the columns, then across them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/box_reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <limits>

#include "kernels/cpu/box_row.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

enum class Summed { pixels, valid_pixels, coverage };

template <Summed summed>
double taken(float v) {
  if (summed == Summed::coverage) return v == v ? 1.0 : 0.0;
  return summed == Summed::pixels || v == v ? static_cast<double>(v) : 0.0;
}

/// sums[x] = the column x, top to bottom: of its pixels, of those that are not NaN, or their count.
template <Summed summed>
void sum_columns(const BoxRow& row, double* HWY_RESTRICT sums) {
  const D d;
  const hn::Rebind<float, D> df;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](std::int64_t y, std::size_t x) HWY_ATTR {
    const auto v = hn::LoadU(df, row.first + y * row.pitch + x);
    if constexpr (summed == Summed::pixels) return hn::PromoteTo(d, v);
    const auto wanted = summed == Summed::coverage ? hn::Set(df, 1.0F) : v;
    return hn::PromoteTo(d, hn::IfThenElseZero(hn::Eq(v, v), wanted));
  };
  std::size_t x = 0;
  for (; x + 2 * lanes <= row.width; x += 2 * lanes) {
    V a = load(0, x), b = load(0, x + lanes);
    for (std::int64_t y = 1; y < row.rows; ++y) {
      a = hn::Add(a, load(y, x));
      b = hn::Add(b, load(y, x + lanes));
    }
    hn::Store(a, d, sums + x);
    hn::Store(b, d, sums + x + lanes);
  }
  for (; x < row.width; ++x) {
    sums[x] = taken<summed>(row.first[x]);
    for (std::int64_t y = 1; y < row.rows; ++y)
      sums[x] += taken<summed>(row.first[y * row.pitch + static_cast<std::int64_t>(x)]);
  }
}

template <std::size_t factor>
V sum_of_neighbours(const double* sums) {
  const D d;
  V a, b, c, e;
  if constexpr (factor == 1) return hn::LoadU(d, sums);
  if constexpr (factor == 2) hn::LoadInterleaved2(d, sums, a, b);
  if constexpr (factor == 3) hn::LoadInterleaved3(d, sums, a, b, c);
  if constexpr (factor == 4) hn::LoadInterleaved4(d, sums, a, b, c, e);
  V sum = hn::Add(a, b);
  if constexpr (factor >= 3) sum = hn::Add(sum, c);
  if constexpr (factor >= 4) sum = hn::Add(sum, e);
  return sum;
}

/// Whole vectors of outputs; returns how many outputs that were. Adding 0 turns -0 into 0, as a sum
/// that begins with 0 does.
template <std::size_t factor>
std::size_t sum_rows(const double* HWY_RESTRICT sums, std::size_t outputs, double share,
                     float* HWY_RESTRICT out, bool& any_nan) {
  const D d;
  const hn::Rebind<float, D> df;
  std::size_t x = 0;
  auto odd = hn::MaskFromVec(hn::Zero(df));
  for (; x + hn::Lanes(d) <= outputs; x += hn::Lanes(d)) {
    const V sum = hn::Add(sum_of_neighbours<factor>(sums + x * factor), hn::Zero(d));
    const auto mean = hn::DemoteTo(df, hn::Mul(sum, hn::Set(d, share)));
    odd = hn::Or(odd, hn::IsNaN(mean));
    hn::StoreU(mean, df, out + x);
  }
  any_nan = !hn::AllFalse(df, odd);
  return x;
}

std::size_t sum_rows(std::size_t factor, const double* sums, std::size_t outputs, double share,
                     float* out, bool& any_nan) {
  if (factor == 1) return sum_rows<1>(sums, outputs, share, out, any_nan);
  if (factor == 2) return sum_rows<2>(sums, outputs, share, out, any_nan);
  if (factor == 3) return sum_rows<3>(sums, outputs, share, out, any_nan);
  if (factor == 4) return sum_rows<4>(sums, outputs, share, out, any_nan);
  return 0;
}

double sum_of(const double* sums, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += sums[i];
  return sum;
}
}  // namespace

/// Whether there was NaN: then masked_box_row has to do it again.
bool box_row(const BoxRow& row, double* sums, float* out) {
  sum_columns<Summed::pixels>(row, sums);
  const double share = share_of(static_cast<double>(row.rows) * static_cast<double>(row.factor));
  bool any_nan = false;
  std::size_t x = sum_rows(row.factor, sums, row.width / row.factor, share, out, any_nan);
  for (; x * row.factor < row.width; ++x) {
    const std::size_t end = std::min((x + 1) * row.factor, row.width);
    const auto columns = static_cast<double>(end - x * row.factor);
    const double sum = sum_of(sums, x * row.factor, end);
    out[x] = static_cast<float>(sum * share_of(static_cast<double>(row.rows) * columns));
    any_nan |= out[x] != out[x];
  }
  return any_nan;
}

/// The same with NaN left out; `counts` is room like `sums`.
void masked_box_row(const BoxRow& row, double* sums, double* counts, float* out) {
  sum_columns<Summed::valid_pixels>(row, sums);
  sum_columns<Summed::coverage>(row, counts);
  for (std::size_t x = 0; x * row.factor < row.width; ++x) {
    const std::size_t begin = x * row.factor, end = std::min(begin + row.factor, row.width);
    const double count = sum_of(counts, begin, end);
    out[x] = count == 0 ? std::numeric_limits<float>::quiet_NaN()
                        : static_cast<float>(sum_of(sums, begin, end) * share_of(count));
  }
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {

HWY_EXPORT(box_row);
HWY_EXPORT(masked_box_row);

bool reduce_boxes(ImageView<const float> in, std::int32_t factor_x, std::int32_t factor_y,
                  BoxSums& sums, ImageView<float> out) {
  bool any_nan = false;
  for (std::int64_t y = 0; y < out.extent.height; ++y) {
    const std::int64_t first = y * factor_y;
    const BoxRow row{.first = in.row(first),
                     .pitch = in.pitch,
                     .rows = std::min<std::int64_t>(factor_y, in.extent.height - first),
                     .width = static_cast<std::size_t>(in.extent.width),
                     .factor = static_cast<std::size_t>(factor_x)};
    double* values = sums.values.resize(row.width).data();
    if (!HWY_DYNAMIC_DISPATCH(box_row)(row, values, out.row(y))) continue;
    any_nan = true;
    double* counts = sums.counts.resize(row.width).data();
    HWY_DYNAMIC_DISPATCH(masked_box_row)(row, values, counts, out.row(y));
  }
  return any_nan;
}

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
