// SPDX-License-Identifier: BSD-3-Clause
// Mean and M2 of every pixel over a chunk of images: two passes over a column of doubles that stays
// in the L1 cache, then Chan's formula; compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pixel_moment_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

using Doubles = hn::Vec<DoubleTag>;

/// What does not depend on the pixel while every value is finite.
struct Shares {
  Shares(std::int64_t before, int chunk)
      : is_first(before == 0),
        images(static_cast<double>(chunk)),
        share(images / (static_cast<double>(before) + images)),
        weight(static_cast<double>(before) * share) {}
  bool is_first;
  double images, share, weight;
};

/// The values of the chunk at a few neighbouring pixels.
struct Column {
  static constexpr std::size_t most_lanes = 8;
  HWY_ALIGN double values[chunk_images * most_lanes];
};

/// sum / images; of a full chunk the same bits by a multiplication, as 1/16 is exact.
template <bool full>
HWY_INLINE Doubles mean_of(Doubles sum, const Shares& shares) {
  if constexpr (full)
    return hn::Mul(sum, hn::Set(DoubleTag(), 1.0 / chunk_images));
  else
    return hn::Div(sum, hn::Set(DoubleTag(), shares.images));
}

/// ops::join where counts differ by pixel. Both sides may be empty.
HWY_INLINE void join_counted(Doubles later_count, Doubles later_mean, Doubles later_m2,
                             Doubles count, double* mean_at, double* m2_at) {
  const DoubleTag d;
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  const auto mean = hn::LoadU(d, mean_at), m2 = hn::LoadU(d, m2_at);
  const auto none_later = hn::Eq(later_count, zero), none_before = hn::Eq(count, zero);
  const auto total = hn::Add(count, later_count);
  const auto share = hn::Div(later_count, hn::IfThenElse(hn::Eq(total, zero), one, total));
  const auto delta = hn::Sub(later_mean, mean);
  const auto joined_mean = hn::Add(mean, hn::Mul(delta, share));
  const auto joined_m2 =
      hn::Add(hn::Add(m2, later_m2), hn::Mul(hn::Mul(delta, delta), hn::Mul(count, share)));
  hn::StoreU(hn::IfThenElse(none_later, mean, hn::IfThenElse(none_before, later_mean, joined_mean)),
             d, mean_at);
  hn::StoreU(hn::IfThenElse(none_later, m2, hn::IfThenElse(none_before, later_m2, joined_m2)), d,
             m2_at);
}

/// Adds a column of which some values, now or before, are not finite.
HWY_NOINLINE bool add_with_missing(const Column& column, int images, std::size_t p,
                                   const MomentPlanes& to) {
  const DoubleTag d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  auto sum = zero, count = zero, lowest = hn::Set(d, ops::plus_infinity), highest = hn::Neg(lowest);
  for (int k = 0; k < images; ++k) {
    const auto v = hn::Load(d, column.values + static_cast<std::size_t>(k) * lanes);
    const auto finite = hn::IsFinite(v);
    sum = hn::Add(sum, hn::IfThenElseZero(finite, v));
    count = hn::Add(count, hn::IfThenElseZero(finite, one));
    lowest = hn::Min(lowest, hn::IfThenElse(finite, v, lowest));
    highest = hn::Max(highest, hn::IfThenElse(finite, v, highest));
  }
  const auto mean = hn::Div(sum, hn::Max(count, one));
  auto m2 = zero;
  for (int k = 0; k < images; ++k) {
    const auto v = hn::Load(d, column.values + static_cast<std::size_t>(k) * lanes);
    const auto delta = hn::IfThenElseZero(hn::IsFinite(v), hn::Sub(v, mean));
    m2 = hn::Add(m2, hn::Mul(delta, delta));
  }
  HWY_ALIGN double before[Column::most_lanes], counted[Column::most_lanes];
  hn::Store(count, d, counted);
  bool found = false;
  for (std::size_t i = 0; i < lanes; ++i) {
    before[i] = static_cast<double>(to.images) - static_cast<double>(to.missing[p + i]);
    const auto missing = static_cast<std::uint32_t>(images - static_cast<int>(counted[i]));
    to.missing[p + i] += missing;
    found |= missing != 0;
  }
  join_counted(count, mean, m2, hn::Load(d, before), to.mean + p, to.m2 + p);
  hn::StoreU(hn::Min(hn::LoadU(d, to.lowest + p), hn::Add(lowest, zero)), d, to.lowest + p);
  hn::StoreU(hn::Max(hn::LoadU(d, to.highest + p), hn::Add(highest, zero)), d, to.highest + p);
  return found;
}

HWY_INLINE bool none_missing(const std::uint32_t* missing, std::size_t lanes) {
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < lanes; ++i) any |= missing[i];
  return any == 0;
}

/// Adds the chunk to the Lanes(DoubleTag) pixels from p on.
template <bool full, class T>
HWY_INLINE bool add_column(const ImageChunk<T>& chunk, std::size_t p, const Shares& shares,
                           const MomentPlanes& to, Column& column) {
  const DoubleTag d;
  const std::size_t lanes = hn::Lanes(d);
  const int images = full ? chunk_images : chunk.images;
  auto sum = hn::Zero(d), lowest = hn::Set(d, ops::plus_infinity), highest = hn::Neg(lowest);
  for (int k = 0; k < images; ++k) {
    const auto image = static_cast<std::size_t>(k);
    const auto v = load_doubles(chunk.in + image * chunk.stride + p);
    hn::Store(v, d, column.values + image * lanes);
    sum = hn::Add(sum, v);
    lowest = hn::Min(lowest, v);
    highest = hn::Max(highest, v);
  }
  // A sum of floats in doubles is finite when they are; that of doubles may overflow without one
  // that is not, and then the longer way finds the same.
  if (std::is_floating_point_v<T> && !hn::AllTrue(d, hn::IsFinite(sum)))
    return add_with_missing(column, images, p, to);
  if (to.any_missing && !none_missing(to.missing + p, lanes))
    return add_with_missing(column, images, p, to);
  const auto mean = mean_of<full>(sum, shares);
  auto m2 = hn::Zero(d);
  for (int k = 0; k < images; ++k) {
    const auto v = hn::Load(d, column.values + static_cast<std::size_t>(k) * lanes);
    const auto delta = hn::Sub(v, mean);
    m2 = hn::Add(m2, hn::Mul(delta, delta));
  }
  // -0 to +0, whichever came first
  lowest = hn::Add(lowest, hn::Zero(d));
  highest = hn::Add(highest, hn::Zero(d));
  if (shares.is_first) {
    hn::StoreU(mean, d, to.mean + p);
    hn::StoreU(m2, d, to.m2 + p);
  } else {
    const auto old = hn::LoadU(d, to.mean + p);
    const auto delta = hn::Sub(mean, old);
    hn::StoreU(hn::Add(old, hn::Mul(delta, hn::Set(d, shares.share))), d, to.mean + p);
    const auto square = hn::Mul(hn::Mul(delta, delta), hn::Set(d, shares.weight));
    hn::StoreU(hn::Add(hn::Add(hn::LoadU(d, to.m2 + p), m2), square), d, to.m2 + p);
  }
  hn::StoreU(hn::Min(hn::LoadU(d, to.lowest + p), lowest), d, to.lowest + p);
  hn::StoreU(hn::Max(hn::LoadU(d, to.highest + p), highest), d, to.highest + p);
  return false;
}

/// The same for one pixel, without vectors.
template <class T>
bool add_pixel(const ImageChunk<T>& chunk, std::size_t p, const MomentPlanes& to) {
  const ops::Moments chunk_moments = ops::moments_of(chunk.images, [&](int k) {
    return static_cast<double>(chunk.in[static_cast<std::size_t>(k) * chunk.stride + p]);
  });
  const double before = static_cast<double>(to.images) - static_cast<double>(to.missing[p]);
  ops::Moments all{before, to.mean[p], to.m2[p], to.lowest[p], to.highest[p]};
  ops::merge(chunk_moments, all);
  to.mean[p] = all.mean;
  to.m2[p] = all.m2;
  to.lowest[p] = all.lowest;
  to.highest[p] = all.highest;
  const int missing = chunk.images - static_cast<int>(chunk_moments.count);
  to.missing[p] += static_cast<std::uint32_t>(missing);
  return missing != 0;
}

template <bool full, class T>
HWY_INLINE bool add_columns(const ImageChunk<T>& chunk, std::size_t first, std::size_t last,
                            const MomentPlanes& to) {
  const Shares shares(to.images, chunk.images);
  const std::size_t lanes = hn::Lanes(DoubleTag());
  Column column;
  bool found = false;
  std::size_t p = first;
  for (; p + lanes <= last; p += lanes) found |= add_column<full>(chunk, p, shares, to, column);
  for (; p < last; ++p) found |= add_pixel(chunk, p, to);
  return found;
}

template <class T>
bool add_moments(ImageChunk<T> chunk, std::size_t first, std::size_t last, const MomentPlanes& to) {
  return chunk.images == chunk_images ? add_columns<true>(chunk, first, last, to)
                                      : add_columns<false>(chunk, first, last, to);
}

template <class... T>
constexpr std::tuple<PixelMomentKernel<T>...> table_of(const std::tuple<PixelMomentKernel<T>...>*) {
  return {PixelMomentKernel<T>{add_moments<T>}...};
}

}  // namespace

const AllKernels<PixelMomentKernel>* pixel_moment_table() {
  using Table = AllKernels<PixelMomentKernel>;
  static constexpr Table table = table_of(static_cast<const Table*>(nullptr));
  return &table;
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {

HWY_EXPORT(pixel_moment_table);

const AllKernels<PixelMomentKernel>& pixel_moment_kernels() {
  return *HWY_DYNAMIC_DISPATCH(pixel_moment_table)();
}

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
