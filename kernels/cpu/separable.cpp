// SPDX-License-Identifier: BSD-3-Clause
// Separable filters without an intermediate image: rows are filtered eight at a time into a ring
// that holds just what the next output row needs.
#include "kernels/cpu/separable.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/separable.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

/// Eight rows side by side: pixel p of row r to 8 p + r of `out`.
void turn(const float* const* HWY_RESTRICT rows, std::size_t width, float* HWY_RESTRICT out) {
  std::size_t p = 0;
#if HWY_TARGET != HWY_SCALAR
  // Pairs of rows become pairs of neighbours, which are then stored as one element.
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> pairs;
  const auto load = [&](std::size_t row) HWY_ATTR { return hn::LoadU(d, rows[row] + p); };
  for (; p + 4 <= width; p += 4) {
    const auto a = load(0), b = load(1), c = load(2), e = load(3);
    const auto f = load(4), g = load(5), h = load(6), i = load(7);
    auto* to = reinterpret_cast<double*>(out + p * 8);
    const auto pair = [&](auto v) HWY_ATTR { return hn::BitCast(pairs, v); };
    hn::StoreInterleaved4(pair(hn::InterleaveLower(d, a, b)), pair(hn::InterleaveLower(d, c, e)),
                          pair(hn::InterleaveLower(d, f, g)), pair(hn::InterleaveLower(d, h, i)),
                          pairs, to);
    hn::StoreInterleaved4(pair(hn::InterleaveUpper(d, a, b)), pair(hn::InterleaveUpper(d, c, e)),
                          pair(hn::InterleaveUpper(d, f, g)), pair(hn::InterleaveUpper(d, h, i)),
                          pairs, to + 8);
  }
#endif
  for (; p < width; ++p)
    for (std::size_t r = 0; r < 8; ++r) out[p * 8 + r] = rows[r][p];
}

/// The way back, for `width` rounded up to 4.
void turn_back(const float* HWY_RESTRICT in, std::size_t width, float* const* HWY_RESTRICT rows) {
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> pairs;
  for (std::size_t p = 0; p < width; p += 4) {
    const auto* from = reinterpret_cast<const double*>(in + p * 8);
    hn::Vec<decltype(pairs)> low[4], high[4];
    hn::LoadInterleaved4(pairs, from, low[0], low[1], low[2], low[3]);
    hn::LoadInterleaved4(pairs, from + 8, high[0], high[1], high[2], high[3]);
    for (std::size_t k = 0; k < 4; ++k) {
      const auto first = hn::BitCast(d, low[k]), second = hn::BitCast(d, high[k]);
      hn::StoreU(hn::ConcatEven(d, second, first), d, rows[2 * k] + p);
      hn::StoreU(hn::ConcatOdd(d, second, first), d, rows[2 * k + 1] + p);
    }
  }
#else
  for (std::size_t p = 0; p < width; ++p)
    for (std::size_t r = 0; r < 8; ++r) rows[r][p] = in[p * 8 + r];
#endif
}

/// `count` pixels, a multiple of 8, as the filter takes them.
void widen(const float* HWY_RESTRICT in, std::size_t count, RowFilter::Take take,
           double* HWY_RESTRICT out) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> df;
  const auto one = hn::Set(d, 1.0);
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    auto v = hn::PromoteTo(d, hn::Load(df, in + i));
    if (take == RowFilter::Take::valid_pixels) v = hn::IfThenElseZero(hn::Eq(v, v), v);
    if (take == RowFilter::Take::coverage) v = hn::IfThenElseZero(hn::Eq(v, v), one);
    hn::Store(v, d, out + i);
  }
}

/// `tile` holds eight rows side by side, `out` likewise.
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
      const auto add = [&](std::int32_t k) HWY_ATTR {
        sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[k]), hn::Load(d, pixels + 8 * k)));
      };
      std::int32_t k = 0;
      for (; k + 4 <= window.count; k += 4) {
        add(k);
        add(k + 1);
        add(k + 2);
        add(k + 3);
      }
      for (; k < window.count; ++k) add(k);
      hn::Store(hn::DemoteTo(df, sum), df, out + i * 8 + row);
    }
  }
}

/// Eight rows of `width` pixels through the filter; `turned` and `tile` are room for them.
void filter_tile(const float* const* from, std::size_t width, const AxisWeights& axis,
                 RowFilter::Take take, float* turned, double* tile, float* const* to) {
  turn(from, width, turned);
  widen(turned, width * 8, take, tile);
  filter_rows(tile, axis, turned);
  std::fill_n(turned + axis.windows.size() * 8, 3 * 8, 0.0F);  // padding: no NaN may come of it
  turn_back(turned, axis.windows.size(), to);
}

/// out[x] = sum of weights[k] * rows[k][x] for x < width, which is a multiple of 32. Returns
/// whether there is NaN among them.
bool filter_columns(const float* const* HWY_RESTRICT rows, const double* HWY_RESTRICT weights,
                    std::int32_t count, std::size_t width, float* HWY_RESTRICT out) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> df;
  const std::size_t lanes = hn::Lanes(d);
  auto odd = hn::MaskFromVec(hn::Zero(df));
  const auto store = [&](auto sum, float* to) HWY_ATTR {
    const auto v = hn::DemoteTo(df, sum);
    odd = hn::Or(odd, hn::IsNaN(v));
    hn::Store(v, df, to);
  };
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
    store(a, out + x);
    store(b, out + x + lanes);
    store(c, out + x + 2 * lanes);
    store(e, out + x + 3 * lanes);
  }
  return !hn::AllFalse(df, odd);
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <array>
#include <cmath>
#include <cstring>

namespace quickbeam::kernels {
namespace {

HWY_EXPORT(filter_tile);
HWY_EXPORT(filter_columns);

constexpr std::int64_t tile_rows = 8;

std::size_t rounded_up(std::int64_t n, std::int64_t step) {
  return static_cast<std::size_t>((n + step - 1) / step * step);
}

bool has_nan(ImageView<const float> in) {
  for (std::int64_t y = 0; y < in.extent.height; ++y) {
    const float* row = in.row(y);
    bool found = false;
    for (std::int64_t x = 0; x < in.extent.width; ++x) found |= row[x] != row[x];
    if (found) return true;
  }
  return false;
}

}  // namespace

RowFilter::RowFilter(std::int64_t in_width, const AxisWeights& x, const AxisWeights& y)
    : x_(x),
      y_(y),
      width_(rounded_up(static_cast<std::int64_t>(x.windows.size()), 32)),
      ring_rows_(rounded_up(y.widest, tile_rows) + 2 * tile_rows),
      tile_(static_cast<std::size_t>(in_width) * tile_rows),
      turned_(std::max(static_cast<std::size_t>(in_width), width_) * tile_rows),
      ring_(width_ * ring_rows_),
      out_(width_),
      rows_(static_cast<std::size_t>(y.widest)) {
  // What rows are padded with goes through the filter too, and must not be NaN.
  std::fill_n(ring_.data(), ring_.size(), 0.0F);
}

void RowFilter::start(ImageView<const float> in, Take take) {
  in_ = in;
  take_ = take;
  ready_ = 0;
}

const float* RowFilter::row(std::int64_t y) {
  const AxisWeights::Window window = y_.windows[static_cast<std::size_t>(y)];
  ready_ = std::max(ready_, window.first / tile_rows * tile_rows);
  for (; ready_ < window.first + window.count; ready_ += tile_rows) filter_tile();
  const float* const end = ring_.data() + ring_.size();
  const float* next = ring_row(window.first);
  for (std::int32_t k = 0; k < window.count; ++k) {
    rows_[static_cast<std::size_t>(k)] = next;
    next += width_;
    if (next == end) next = ring_.data();
  }
  any_nan_ = HWY_DYNAMIC_DISPATCH(filter_columns)(rows_.data(), y_.of(y), window.count, width_,
                                                  out_.data());
  return out_.data();
}

float* RowFilter::ring_row(std::int64_t y) {
  return ring_.data() + static_cast<std::size_t>(y) % ring_rows_ * width_;
}

/// Input rows ready_ .. ready_+7 into the ring; what lies beyond the last row repeats it.
void RowFilter::filter_tile() {
  std::array<const float*, tile_rows> from;
  std::array<float*, tile_rows> to;
  for (std::int64_t r = 0; r < tile_rows; ++r) {
    from[static_cast<std::size_t>(r)] = in_.row(std::min(ready_ + r, in_.extent.height - 1));
    to[static_cast<std::size_t>(r)] = ring_row(ready_ + r);
  }
  HWY_DYNAMIC_DISPATCH(filter_tile)
  (from.data(), static_cast<std::size_t>(in_.extent.width), x_, take_, turned_.data(), tile_.data(),
   to.data());
}

SeparableFilter::SeparableFilter(std::int64_t in_width, const AxisWeights& x, const AxisWeights& y,
                                 double least_coverage)
    : x_(x), y_(y), least_coverage_(least_coverage), in_width_(in_width), sums_(in_width, x, y) {}

/// False when the result does not count because there are NaN in the image. Every NaN shows in the
/// output: its product with any weight is NaN.
bool SeparableFilter::run_plain(ImageView<const float> in, ImageView<float> out) {
  bool looked = false;
  sums_.start(in, RowFilter::Take::pixels);
  for (std::int64_t y = 0; y < out.extent.height; ++y) {
    const float* row = sums_.row(y);
    if (!looked && sums_.any_nan()) {
      if (has_nan(in)) return false;
      looked = true;  // infinities make NaN too, and are no masked pixels
    }
    std::memcpy(out.row(y), row, static_cast<std::size_t>(out.extent.width) * sizeof(float));
  }
  return true;
}

void SeparableFilter::run_masked(ImageView<const float> in, ImageView<float> out) {
  if (!coverages_) coverages_ = std::make_unique<RowFilter>(in_width_, x_, y_);
  sums_.start(in, RowFilter::Take::valid_pixels);
  coverages_->start(in, RowFilter::Take::coverage);
  for (std::int64_t row = 0; row < out.extent.height; ++row) {
    const float* sum = sums_.row(row);
    const float* coverage = coverages_->row(row);
    const float* nearest_row = in.row(y_.windows[static_cast<std::size_t>(row)].nearest);
    for (std::int64_t i = 0; i < out.extent.width; ++i) {
      const float nearest = nearest_row[x_.windows[static_cast<std::size_t>(i)].nearest];
      const bool divide = !std::isnan(nearest) && coverage[i] > least_coverage_;
      out(i, row) = divide ? sum[i] / coverage[i] : nearest;
    }
  }
}

bool SeparableFilter::run(ImageView<const float> in, ImageView<float> out) {
  if (run_plain(in, out)) return false;
  run_masked(in, out);
  return true;
}

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
