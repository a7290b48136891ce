// SPDX-License-Identifier: BSD-3-Clause
// Joins the statistics of a chunk of images, at a vector of pixels, to the planes; compiled once
// for each SIMD target.

// Highway's include guard of a file that is compiled once per target.
#if defined(QUICKBEAM_JOIN_PLANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef QUICKBEAM_JOIN_PLANES_INL
#undef QUICKBEAM_JOIN_PLANES_INL
#else
#define QUICKBEAM_JOIN_PLANES_INL
#endif

#include <hwy/highway.h>

#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {

// No MulAdd here: a fused sum would differ between targets.

using Doubles = hwy::HWY_NAMESPACE::Vec<DoubleTag>;

/// Bytes ahead of the pixels in work that are asked for, in every image. May lie behind the images,
/// a prefetch cannot fault.
inline constexpr std::size_t read_ahead = 256;

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

/// Of a chunk.
struct VectorMoments {
  Doubles mean, m2, lowest, highest;  ///< the latter infinite where nothing was counted
};

/// value / images; of a full chunk the same bits by a multiplication, as 1/16 is exact.
template <bool full>
HWY_INLINE Doubles by_images(Doubles value, const Shares& shares) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (full)
    return hn::Mul(value, hn::Set(DoubleTag(), 1.0 / chunk_images));
  else
    return hn::Div(value, hn::Set(DoubleTag(), shares.images));
}

HWY_INLINE bool none_missing(const std::uint32_t* missing, std::size_t count) {
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < count; ++i) any |= missing[i];
  return any == 0;
}

HWY_INLINE void join_range(const VectorMoments& chunk, std::size_t p, const MomentPlanes& to) {
  namespace hn = hwy::HWY_NAMESPACE;
  const DoubleTag d;
  const auto zero = hn::Zero(d);  // -0 to +0, whichever came first
  hn::StoreU(hn::Min(hn::LoadU(d, to.lowest + p), hn::Add(chunk.lowest, zero)), d, to.lowest + p);
  hn::StoreU(hn::Max(hn::LoadU(d, to.highest + p), hn::Add(chunk.highest, zero)), d,
             to.highest + p);
}

/// ops::join of a chunk of which all values are finite, to values that all were.
HWY_INLINE void join_finite(VectorMoments chunk, const Shares& shares, std::size_t p,
                            const MomentPlanes& to) {
  namespace hn = hwy::HWY_NAMESPACE;
  const DoubleTag d;
  if (!shares.is_first) {
    const auto old = hn::LoadU(d, to.mean + p);
    const auto delta = hn::Sub(chunk.mean, old);
    chunk.mean = hn::Add(old, hn::Mul(delta, hn::Set(d, shares.share)));
    chunk.m2 = hn::Add(hn::Add(hn::LoadU(d, to.m2 + p), chunk.m2),
                       hn::Mul(hn::Mul(delta, delta), hn::Set(d, shares.weight)));
  }
  hn::StoreU(chunk.mean, d, to.mean + p);
  hn::StoreU(chunk.m2, d, to.m2 + p);
  join_range(chunk, p, to);
}

/// ops::merge where counts differ by pixel: `count` of the chunk's `images` values were finite.
/// True when some were not.
HWY_INLINE bool join_counted(const VectorMoments& chunk, Doubles count, int images, std::size_t p,
                             const MomentPlanes& to) {
  namespace hn = hwy::HWY_NAMESPACE;
  const DoubleTag d;
  HWY_ALIGN double counted[most_doubles], counted_before[most_doubles];
  hn::Store(count, d, counted);
  bool found = false;
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    counted_before[i] = static_cast<double>(to.images) - static_cast<double>(to.missing[p + i]);
    const auto missing = static_cast<std::uint32_t>(images - static_cast<int>(counted[i]));
    to.missing[p + i] += missing;
    found |= missing != 0;
  }
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0), before = hn::Load(d, counted_before);
  const auto none_here = hn::Eq(count, zero), none_before = hn::Eq(before, zero);
  const auto mean = hn::LoadU(d, to.mean + p), m2 = hn::LoadU(d, to.m2 + p);
  const auto share = hn::Div(count, hn::Max(hn::Add(before, count), one));
  const auto delta = hn::Sub(chunk.mean, mean);
  const auto joined_mean = hn::Add(mean, hn::Mul(delta, share));
  const auto joined_m2 =
      hn::Add(hn::Add(m2, chunk.m2), hn::Mul(hn::Mul(delta, delta), hn::Mul(before, share)));
  const auto pick = [&](Doubles old, Doubles here, Doubles joined) HWY_ATTR {
    return hn::IfThenElse(none_here, old, hn::IfThenElse(none_before, here, joined));
  };
  hn::StoreU(pick(mean, chunk.mean, joined_mean), d, to.mean + p);
  hn::StoreU(pick(m2, chunk.m2, joined_m2), d, to.m2 + p);
  join_range(chunk, p, to);
  return found;
}

/// One pixel of which the chunk has these statistics, without vectors.
inline bool join_pixel(const ops::Moments& chunk, int images, std::size_t p,
                       const MomentPlanes& to) {
  const double before = static_cast<double>(to.images) - static_cast<double>(to.missing[p]);
  ops::Moments all{before, to.mean[p], to.m2[p], to.lowest[p], to.highest[p]};
  ops::merge(chunk, all);
  to.mean[p] = all.mean;
  to.m2[p] = all.m2;
  to.lowest[p] = all.lowest;
  to.highest[p] = all.highest;
  const int missing = images - static_cast<int>(chunk.count);
  to.missing[p] += static_cast<std::uint32_t>(missing);
  return missing != 0;
}

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
