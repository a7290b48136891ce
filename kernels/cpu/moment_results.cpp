// SPDX-License-Identifier: BSD-3-Clause
// Statistics joined, and what is written of them. Plain loops: they run once for many images.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/moments.hpp"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

void merge_extremes(const PixelMoments& later, PixelMoments& to) {
  for (std::size_t p = 0; p < to.pixels; ++p) {
    to.lowest[p] = ops::lower(to.lowest[p], later.lowest[p]);
    to.highest[p] = ops::higher(to.highest[p], later.highest[p]);
  }
}

void merge_sums(const PixelMoments& later, PixelMoments& to) {
  for (std::size_t p = 0; p < to.pixels; ++p) {
    to.sum[p] += later.sum[p];
    to.squares[p] += later.squares[p];
  }
}

double counted_at(const PixelMoments& of, std::size_t p) {
  const double images = static_cast<double>(of.images);
  return of.kind == MomentKind::moments ? images - static_cast<double>(of.missing[p]) : images;
}

/// Every value was finite, and both sides have some.
void merge_complete(const PixelMoments& later, PixelMoments& to) {
  const ops::Share of =
      ops::share_of(static_cast<double>(later.images), static_cast<double>(to.images));
  for (std::size_t p = 0; p < to.pixels; ++p)
    ops::join(later.mean[p], later.m2[p], of.share, of.weight, to.mean[p], to.m2[p]);
}

void merge_counted(const PixelMoments& later, PixelMoments& to) {
  for (std::size_t p = 0; p < to.pixels; ++p) {
    ops::Moments all{.count = counted_at(to, p), .mean = to.mean[p], .m2 = to.m2[p]};
    ops::merge({.count = counted_at(later, p), .mean = later.mean[p], .m2 = later.m2[p]}, all);
    to.mean[p] = all.mean;
    to.m2[p] = all.m2;
    to.missing[p] += later.missing[p];
  }
}

int bit_width(Wide a) {
  const auto high = static_cast<std::uint64_t>(a >> 64), low = static_cast<std::uint64_t>(a);
  return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}

/// a / b of whole numbers, rounded to nearest once. b is not 0; a < 2^96, b < 2^65.
double quotient(Wide a, Wide b) {
  constexpr Wide exact = Wide{1} << std::numeric_limits<double>::digits;
  if (a <= exact && b <= exact) return static_cast<double>(a) / static_cast<double>(b);
  // 56 bits and more of the quotient; of the rest only matters whether there is one.
  const int shift = std::max(0, 57 + bit_width(b) - bit_width(a));
  a <<= shift;
  Wide bits = a / b;
  if (bits * b != a) bits |= 1;
  return std::ldexp(static_cast<double>(bits), -shift);
}

/// images * squares - sum^2 = images * M2, never negative.
Wide m2_times_images(const PixelMoments& of, std::size_t p) {
  const std::int64_t sum = of.sum[p];
  const Wide size = sum < 0 ? Wide{0} - static_cast<Wide>(sum) : static_cast<Wide>(sum);
  return static_cast<Wide>(of.images) * of.squares[p] - size * size;
}

}  // namespace

void merge(const PixelMoments& later, PixelMoments& to) {
  if (later.images == 0) return;
  merge_extremes(later, to);
  if (to.kind == MomentKind::sums)
    merge_sums(later, to);
  else if (to.images == 0 || later.any_missing || to.any_missing)
    merge_counted(later, to);
  else
    merge_complete(later, to);
  to.images += later.images;
  to.any_missing |= later.any_missing;
}

void merge(const ImageMoments& later, ImageMoments& to) {
  const std::int64_t missing = to.missing + later.missing;
  if (later.counted != 0 && to.counted == 0) {
    to = later;
  } else if (later.counted != 0) {
    ops::Moments all{static_cast<double>(to.counted), to.mean, to.m2, to.lowest, to.highest};
    ops::merge(
        {static_cast<double>(later.counted), later.mean, later.m2, later.lowest, later.highest},
        all);
    to = {to.counted + later.counted, 0, all.mean, all.m2, all.lowest, all.highest};
  }
  to.missing = missing;
}

void write_mean(const PixelMoments& of, std::span<double> out) {
  for (std::size_t p = 0; p < of.pixels; ++p)
    if (counted_at(of, p) == 0)
      out[p] = not_a_number;
    else
      out[p] = of.kind == MomentKind::moments
                   ? of.mean[p]
                   : static_cast<double>(of.sum[p]) / static_cast<double>(of.images);
}

void write_variance(const PixelMoments& of, int ddof, std::span<double> out) {
  for (std::size_t p = 0; p < of.pixels; ++p) {
    const double divisor = counted_at(of, p) - ddof;
    if (!(divisor > 0))
      out[p] = not_a_number;
    else if (of.kind == MomentKind::moments)
      out[p] = of.m2[p] / divisor;
    else
      out[p] = quotient(m2_times_images(of, p),
                        static_cast<Wide>(of.images) * static_cast<Wide>(of.images - ddof));
  }
}

}  // namespace quickbeam::kernels
