// SPDX-License-Identifier: BSD-3-Clause
// Mean and M2 of every pixel over a chunk of images: two passes over a column of doubles that stays
// in the L1 cache, then Chan's formula; compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pixel_moment_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include <type_traits>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

using Doubles = hn::Vec<DoubleTag>;

/// Bytes ahead of the pixels in work that are asked for, in every image. May lie behind the images,
/// a prefetch cannot fault.
constexpr std::size_t read_ahead = 256;

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

/// The chunk at the pixels in work, two vectors of them: a cache line of floats.
struct Block {
  static constexpr std::size_t most_lanes = 2 * 8;
  HWY_ALIGN double values[chunk_images * most_lanes];  ///< image after image
  HWY_ALIGN double sums[most_lanes], lowest[most_lanes], highest[most_lanes];
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

/// Adds one vector of a block, some of whose values, now or before, are not finite.
HWY_NOINLINE bool add_with_missing(const double* values, int images, std::size_t p,
                                   const MomentPlanes& to) {
  const DoubleTag d;
  const std::size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  auto sum = zero, count = zero, lowest = hn::Set(d, ops::plus_infinity), highest = hn::Neg(lowest);
  for (int k = 0; k < images; ++k) {
    const auto v = hn::Load(d, values + static_cast<std::size_t>(k) * 2 * lanes);
    const auto finite = hn::IsFinite(v);
    sum = hn::Add(sum, hn::IfThenElseZero(finite, v));
    count = hn::Add(count, hn::IfThenElseZero(finite, one));
    lowest = hn::Min(lowest, hn::IfThenElse(finite, v, lowest));
    highest = hn::Max(highest, hn::IfThenElse(finite, v, highest));
  }
  const auto mean = hn::Div(sum, hn::Max(count, one));
  auto m2 = zero;
  for (int k = 0; k < images; ++k) {
    const auto v = hn::Load(d, values + static_cast<std::size_t>(k) * 2 * lanes);
    const auto delta = hn::IfThenElseZero(hn::IsFinite(v), hn::Sub(v, mean));
    m2 = hn::Add(m2, hn::Mul(delta, delta));
  }
  HWY_ALIGN double before[Block::most_lanes], counted[Block::most_lanes];
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

HWY_INLINE bool none_missing(const std::uint32_t* missing, std::size_t count) {
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < count; ++i) any |= missing[i];
  return any == 0;
}

/// First pass: the values as doubles, their sums and extremes. The extremes of floats are found as
/// floats, which is half the work. False when a sum is not finite.
template <bool full, class T>
HWY_INLINE bool read_block(const ImageChunk<T>& chunk, std::size_t p, Block& block) {
  constexpr bool by_floats = std::is_same_v<T, float> && HWY_TARGET != HWY_SCALAR;
  using RangeTag = std::conditional_t<by_floats, hn::Repartition<T, DoubleTag>, DoubleTag>;
  using Range = hn::TFromD<RangeTag>;
  const DoubleTag d;
  const RangeTag dr;
  const std::size_t n = hn::Lanes(d);
  const int images = full ? chunk_images : chunk.images;
  const T* from = chunk.in + p;
  double* values = block.values;
  auto sum_a = hn::Zero(d), sum_b = sum_a;
  auto low_a = hn::Set(dr, static_cast<Range>(ops::plus_infinity)), low_b = low_a;
  auto high_a = hn::Neg(low_a), high_b = high_a;
  for (int k = 0; k < images; ++k, from += chunk.stride, values += 2 * n) {
    hwy::Prefetch(reinterpret_cast<const std::byte*>(from) + read_ahead);
    const auto a = load_doubles(from), b = load_doubles(from + n);
    hn::Store(a, d, values);
    hn::Store(b, d, values + n);
    sum_a = hn::Add(sum_a, a);
    sum_b = hn::Add(sum_b, b);
    if constexpr (by_floats) {
      const auto both = hn::LoadU(dr, from);
      low_a = hn::Min(low_a, both);
      high_a = hn::Max(high_a, both);
    } else {
      low_a = hn::Min(low_a, a);
      low_b = hn::Min(low_b, b);
      high_a = hn::Max(high_a, a);
      high_b = hn::Max(high_b, b);
    }
  }
  hn::Store(sum_a, d, block.sums);
  hn::Store(sum_b, d, block.sums + n);
  if constexpr (by_floats) {
    HWY_ALIGN float lowest[Block::most_lanes], highest[Block::most_lanes];
    hn::Store(low_a, dr, lowest);
    hn::Store(high_a, dr, highest);
    for (std::size_t i = 0; i < 2 * n; i += n) {
      hn::Store(load_doubles(lowest + i), d, block.lowest + i);
      hn::Store(load_doubles(highest + i), d, block.highest + i);
    }
  } else {
    hn::Store(low_a, d, block.lowest);
    hn::Store(low_b, d, block.lowest + n);
    hn::Store(high_a, d, block.highest);
    hn::Store(high_b, d, block.highest + n);
  }
  return std::is_integral_v<T> || hn::AllTrue(d, hn::And(hn::IsFinite(sum_a), hn::IsFinite(sum_b)));
}

/// Joins a vector of the block, all finite, to the planes.
HWY_INLINE void join_finite(const Block& block, std::size_t i, Doubles mean, Doubles m2,
                            const Shares& shares, std::size_t p, const MomentPlanes& to) {
  const DoubleTag d;
  if (!shares.is_first) {
    const auto old = hn::LoadU(d, to.mean + p);
    const auto delta = hn::Sub(mean, old);
    mean = hn::Add(old, hn::Mul(delta, hn::Set(d, shares.share)));
    m2 = hn::Add(hn::Add(hn::LoadU(d, to.m2 + p), m2),
                 hn::Mul(hn::Mul(delta, delta), hn::Set(d, shares.weight)));
  }
  hn::StoreU(mean, d, to.mean + p);
  hn::StoreU(m2, d, to.m2 + p);
  // -0 to +0, whichever came first
  const auto zero = hn::Zero(d);
  const auto lowest = hn::Add(hn::Load(d, block.lowest + i), zero);
  const auto highest = hn::Add(hn::Load(d, block.highest + i), zero);
  hn::StoreU(hn::Min(hn::LoadU(d, to.lowest + p), lowest), d, to.lowest + p);
  hn::StoreU(hn::Max(hn::LoadU(d, to.highest + p), highest), d, to.highest + p);
}

/// Adds the chunk to two vectors of pixels from p on.
template <bool full, class T>
HWY_INLINE bool add_block(const ImageChunk<T>& chunk, std::size_t p, const Shares& shares,
                          const MomentPlanes& to, Block& block) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  const int images = full ? chunk_images : chunk.images;
  // A sum of floats in doubles is finite when they are; that of doubles may overflow without one
  // that is not, and then the longer way finds the same.
  const bool is_finite = read_block<full>(chunk, p, block);
  if (!is_finite || (to.any_missing && !none_missing(to.missing + p, 2 * n))) {
    const bool in_a = add_with_missing(block.values, images, p, to);
    return add_with_missing(block.values + n, images, p + n, to) || in_a;
  }
  const auto mean_a = mean_of<full>(hn::Load(d, block.sums), shares);
  const auto mean_b = mean_of<full>(hn::Load(d, block.sums + n), shares);
  auto m2_a = hn::Zero(d), m2_b = m2_a;
  const double* values = block.values;
  for (int k = 0; k < images; ++k, values += 2 * n) {
    const auto a = hn::Sub(hn::Load(d, values), mean_a);
    const auto b = hn::Sub(hn::Load(d, values + n), mean_b);
    m2_a = hn::Add(m2_a, hn::Mul(a, a));
    m2_b = hn::Add(m2_b, hn::Mul(b, b));
  }
  join_finite(block, 0, mean_a, m2_a, shares, p, to);
  join_finite(block, n, mean_b, m2_b, shares, p + n, to);
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
HWY_INLINE bool add_blocks(const ImageChunk<T>& chunk, std::size_t first, std::size_t last,
                           const MomentPlanes& to) {
  const Shares shares(to.images, chunk.images);
  const std::size_t step = 2 * hn::Lanes(DoubleTag());
  Block block;
  bool found = false;
  std::size_t p = first;
  for (; p + step <= last; p += step) found |= add_block<full>(chunk, p, shares, to, block);
  for (; p < last; ++p) found |= add_pixel(chunk, p, to);
  return found;
}

template <class T>
bool add_moments(ImageChunk<T> chunk, std::size_t first, std::size_t last, const MomentPlanes& to) {
  return chunk.images == chunk_images ? add_blocks<true>(chunk, first, last, to)
                                      : add_blocks<false>(chunk, first, last, to);
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
