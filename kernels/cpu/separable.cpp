// SPDX-License-Identifier: BSD-3-Clause
// Separable filters without an intermediate image: rows are filtered eight at a time into a ring
// that holds just what the next output row needs.
#include "kernels/cpu/separable.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/separable.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

/// `tile` holds eight rows side by side: pixel p of row r at 8 p + r. `out` likewise.
void filter_rows(const double* HWY_RESTRICT tile, const AxisWeights& axis,
                 float* HWY_RESTRICT out) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < axis.windows.size(); ++i) {
    const AxisWeights::Window window = axis.windows[i];
    const double* weights = axis.of(static_cast<std::int64_t>(i));
    for (std::size_t row = 0; row < 8; row += lanes) {
      const double* pixels = tile + static_cast<std::ptrdiff_t>(window.first) * 8 + row;
      auto sum = hn::Zero(d);
      for (std::int32_t k = 0; k < window.count; ++k, pixels += 8)
        sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[k]), hn::Load(d, pixels)));
      hn::Store(hn::DemoteTo(df, sum), df, out + i * 8 + row);
    }
  }
}

/// out[x] = sum of weights[k] * rows[k][x] for x < width, which is a multiple of 32.
void filter_columns(const float* const* HWY_RESTRICT rows, const double* HWY_RESTRICT weights,
                    std::int32_t count, std::size_t width, float* HWY_RESTRICT out) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t x = 0; x < width; x += 4 * lanes) {
    auto a = hn::Zero(d), b = a, c = a, e = a;
    for (std::int32_t k = 0; k < count; ++k) {
      const float* row = rows[k] + x;
      const auto weight = hn::Set(d, weights[k]);
      a = hn::Add(a, hn::Mul(weight, hn::PromoteTo(d, hn::Load(df, row))));
      b = hn::Add(b, hn::Mul(weight, hn::PromoteTo(d, hn::Load(df, row + lanes))));
      c = hn::Add(c, hn::Mul(weight, hn::PromoteTo(d, hn::Load(df, row + 2 * lanes))));
      e = hn::Add(e, hn::Mul(weight, hn::PromoteTo(d, hn::Load(df, row + 3 * lanes))));
    }
    hn::Store(hn::DemoteTo(df, a), df, out + x);
    hn::Store(hn::DemoteTo(df, b), df, out + x + lanes);
    hn::Store(hn::DemoteTo(df, c), df, out + x + 2 * lanes);
    hn::Store(hn::DemoteTo(df, e), df, out + x + 3 * lanes);
  }
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <quickbeam/core/buffer.hpp>

namespace quickbeam::kernels {
namespace {

HWY_EXPORT(filter_rows);
HWY_EXPORT(filter_columns);

constexpr std::int64_t tile_rows = 8;

std::size_t rounded_up(std::int64_t n, std::int64_t step) {
  return static_cast<std::size_t>((n + step - 1) / step * step);
}

/// What goes through the filter: the pixels as they are, the pixels with NaN as 0, or 1 where there
/// is a pixel and 0 where there is NaN.
struct Pixels {
  double operator()(float v) const { return static_cast<double>(v); }
};
struct ValidPixels {
  double operator()(float v) const { return std::isnan(v) ? 0.0 : static_cast<double>(v); }
};
struct Coverage {
  double operator()(float v) const { return std::isnan(v) ? 0.0 : 1.0; }
};

/// Gives the output rows in order, one call each.
template <class Take>
class RowFilter {
 public:
  RowFilter(ImageView<const float> in, const AxisWeights& x, const AxisWeights& y)
      : in_(in),
        x_(x),
        y_(y),
        width_(rounded_up(static_cast<std::int64_t>(x.windows.size()), 32)),
        ring_rows_(rounded_up(y.widest, tile_rows) + 2 * tile_rows),
        tile_(static_cast<std::size_t>(in.extent.width) * tile_rows),
        filtered_(x.windows.size() * tile_rows),
        ring_(width_ * ring_rows_),
        out_(width_),
        rows_(static_cast<std::size_t>(y.widest)) {}

  /// Row `y` of the output, valid until the next call. Rows are asked for in ascending order.
  const float* row(std::int64_t y) {
    const AxisWeights::Window window = y_.windows[static_cast<std::size_t>(y)];
    ready_ = std::max(ready_, window.first / tile_rows * tile_rows);
    for (; ready_ < window.first + window.count; ready_ += tile_rows) filter_tile();
    for (std::int32_t k = 0; k < window.count; ++k)
      rows_[static_cast<std::size_t>(k)] = ring_row(window.first + k);
    HWY_DYNAMIC_DISPATCH(filter_columns)
    (rows_.data(), y_.of(y), window.count, width_, out_.data());
    return out_.data();
  }

 private:
  float* ring_row(std::int64_t y) {
    return ring_.data() + static_cast<std::size_t>(y) % ring_rows_ * width_;
  }

  /// Input rows ready_ .. ready_+7 into the ring; what lies beyond the last row repeats it. Inner
  /// loops over the eight rows keep every store of the tile in one cache line.
  void filter_tile() {
    std::array<const float*, tile_rows> from;
    std::array<float*, tile_rows> to;
    for (std::int64_t r = 0; r < tile_rows; ++r) {
      from[static_cast<std::size_t>(r)] = in_.row(std::min(ready_ + r, in_.extent.height - 1));
      to[static_cast<std::size_t>(r)] = ring_row(ready_ + r);
    }
    double* pixel = tile_.data();
    for (std::int64_t p = 0; p < in_.extent.width; ++p)
      for (const float* row : from) *pixel++ = Take{}(row[p]);
    HWY_DYNAMIC_DISPATCH(filter_rows)(tile_.data(), x_, filtered_.data());
    const float* filtered = filtered_.data();
    for (std::size_t i = 0; i < x_.windows.size(); ++i)
      for (float* row : to) row[i] = *filtered++;
  }

  ImageView<const float> in_;
  const AxisWeights& x_;
  const AxisWeights& y_;
  std::size_t width_, ring_rows_;
  std::int64_t ready_ = 0;
  Buffer<double> tile_;
  Buffer<float> filtered_, ring_, out_;
  Buffer<const float*> rows_;
};

bool has_nan(ImageView<const float> in) {
  for (std::int64_t y = 0; y < in.extent.height; ++y) {
    const float* row = in.row(y);
    bool found = false;
    for (std::int64_t x = 0; x < in.extent.width; ++x) found |= row[x] != row[x];
    if (found) return true;
  }
  return false;
}

void apply_masked(ImageView<const float> in, const AxisWeights& x, const AxisWeights& y,
                  double least_coverage, ImageView<float> out) {
  RowFilter<ValidPixels> sums(in, x, y);
  RowFilter<Coverage> coverages(in, x, y);
  for (std::int64_t row = 0; row < out.extent.height; ++row) {
    const float* sum = sums.row(row);
    const float* coverage = coverages.row(row);
    const float* nearest_row = in.row(y.windows[static_cast<std::size_t>(row)].nearest);
    for (std::int64_t i = 0; i < out.extent.width; ++i) {
      const float nearest = nearest_row[x.windows[static_cast<std::size_t>(i)].nearest];
      const bool divide = !std::isnan(nearest) && coverage[i] > least_coverage;
      out(i, row) = divide ? sum[i] / coverage[i] : nearest;
    }
  }
}

}  // namespace

void apply_separable(ImageView<const float> in, const AxisWeights& x, const AxisWeights& y,
                     double least_coverage, ImageView<float> out) {
  if (has_nan(in)) return apply_masked(in, x, y, least_coverage, out);
  RowFilter<Pixels> sums(in, x, y);
  for (std::int64_t row = 0; row < out.extent.height; ++row)
    std::memcpy(out.row(row), sums.row(row),
                static_cast<std::size_t>(out.extent.width) * sizeof(float));
}

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
