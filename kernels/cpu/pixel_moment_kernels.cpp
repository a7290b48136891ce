// SPDX-License-Identifier: BSD-3-Clause
// Mean and M2 of every pixel over a chunk of images whose squares are not exact in double: two
// passes over a column of doubles that stays in the L1 cache, then Chan's formula; compiled once
// for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pixel_moment_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/cpu/join_planes-inl.hpp"
#include "kernels/cpu/load_doubles-inl.hpp"
#include "kernels/cpu/moment_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// No MulAdd here: a fused sum would differ between targets.

/// The chunk at the pixels in work, two vectors of them.
struct Block {
  HWY_ALIGN double values[chunk_images * 2 * most_doubles];  ///< image after image
  VectorMoments a, b;
};

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
  return join_counted({mean, m2, lowest, highest}, count, images, p, to);
}

/// First pass: the values as doubles, their means and extremes. False when a sum is not finite.
template <bool full, class T>
HWY_INLINE bool read_block(const ImageChunk<T>& chunk, std::size_t p, const Shares& shares,
                           Block& block) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  const int images = full ? chunk_images : chunk.images;
  const T* from = chunk.in + p;
  double* values = block.values;
  auto sum_a = hn::Zero(d), sum_b = sum_a;
  auto low_a = hn::Set(d, ops::plus_infinity), low_b = low_a;
  auto high_a = hn::Neg(low_a), high_b = high_a;
  for (int k = 0; k < images; ++k, from += chunk.stride, values += 2 * n) {
    hwy::Prefetch(reinterpret_cast<const std::byte*>(from) + read_ahead);
    const auto a = load_doubles(from), b = load_doubles(from + n);
    hn::Store(a, d, values);
    hn::Store(b, d, values + n);
    sum_a = hn::Add(sum_a, a);
    sum_b = hn::Add(sum_b, b);
    low_a = hn::Min(low_a, a);
    low_b = hn::Min(low_b, b);
    high_a = hn::Max(high_a, a);
    high_b = hn::Max(high_b, b);
  }
  block.a = {by_images<full>(sum_a, shares), hn::Zero(d), low_a, high_a};
  block.b = {by_images<full>(sum_b, shares), hn::Zero(d), low_b, high_b};
  return std::is_integral_v<T> || hn::AllTrue(d, hn::And(hn::IsFinite(sum_a), hn::IsFinite(sum_b)));
}

/// Adds the chunk to two vectors of pixels from p on.
template <bool full, class T>
HWY_INLINE bool add_block(const ImageChunk<T>& chunk, std::size_t p, const Shares& shares,
                          const MomentPlanes& to, Block& block) {
  const DoubleTag d;
  const std::size_t n = hn::Lanes(d);
  const int images = full ? chunk_images : chunk.images;
  // A sum of doubles may overflow without one that is not finite, and then the longer way finds the
  // same.
  const bool is_finite = read_block<full>(chunk, p, shares, block);
  if (!is_finite || (to.any_missing && !none_missing(to.missing + p, 2 * n))) {
    const bool in_a = add_with_missing(block.values, images, p, to);
    return add_with_missing(block.values + n, images, p + n, to) || in_a;
  }
  const double* values = block.values;
  for (int k = 0; k < images; ++k, values += 2 * n) {
    const auto a = hn::Sub(hn::Load(d, values), block.a.mean);
    const auto b = hn::Sub(hn::Load(d, values + n), block.b.mean);
    block.a.m2 = hn::Add(block.a.m2, hn::Mul(a, a));
    block.b.m2 = hn::Add(block.b.m2, hn::Mul(b, b));
  }
  join_finite(block.a, shares, p, to);
  join_finite(block.b, shares, p + n, to);
  return false;
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
  for (; p < last; ++p) {
    const auto value_at = [&](int k) {
      return static_cast<double>(chunk.in[static_cast<std::size_t>(k) * chunk.stride + p]);
    };
    found |= join_pixel(ops::moments_of(chunk.images, value_at), chunk.images, p, to);
  }
  return found;
}

template <class T>
bool add_moments(ImageChunk<T> chunk, std::size_t first, std::size_t last, const MomentPlanes& to) {
  return chunk.images == chunk_images ? add_blocks<true>(chunk, first, last, to)
                                      : add_blocks<false>(chunk, first, last, to);
}

}  // namespace

QUICKBEAM_KERNEL_TABLE(pixel_moment_table, TwoPassKernels, PixelMomentKernel, add_moments)

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
QUICKBEAM_KERNEL_DISPATCH(pixel_moment_table, TwoPassKernels, PixelMomentKernel,
                          pixel_moment_kernels)
}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
