// SPDX-License-Identifier: BSD-3-Clause
// Mean, variance, min and max of every pixel over a stack, and of every image over its pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/pixel_type.hpp>

namespace quickbeam::kernels {

/// How the statistics of a pixel are kept.
enum class MomentKind : std::uint8_t {
  moments,  ///< mean and M2 = sum of (x - mean)^2, in double; Welford 1962, Chan et al. 1979
  sums      ///< sum and sum of squares, whole numbers and exact: of 8- and 16-bit integers
};

constexpr MomentKind moment_kind(PixelType type) {
  return !is_floating(type) && size_of(type) <= 2 ? MomentKind::sums : MomentKind::moments;
}

/// Images that are added at a time. Part of the definition of the results: floating-point sums
/// depend on the order, and this fixes it.
inline constexpr int chunk_images = 16;
/// Images of a leaf of the merge tree, likewise.
inline constexpr int leaf_images = 256;

/// Statistics of `pixels` pixels over `images` images. What is not of the kind is empty. NaN and
/// infinities are left out: `images - missing[p]` values of pixel p were counted.
struct PixelMoments {
  MomentKind kind = MomentKind::moments;
  std::size_t pixels = 0;
  std::int64_t images = 0;
  Buffer<double> mean, m2;         ///< 0 where nothing was counted
  Buffer<std::int64_t> sum;        ///< MomentKind::sums
  Buffer<std::uint64_t> squares;   ///< MomentKind::sums; no overflow up to 2^32 images
  Buffer<double> lowest, highest;  ///< +infinity, -infinity where nothing was counted
  Buffer<std::uint32_t> missing;   ///< never 0-sized for moments; empty for sums: none can be
  bool any_missing = false;        ///< whether some missing[p] is not 0

  /// Nothing counted yet. Throws std::bad_alloc.
  void reset(MomentKind of, std::size_t count);
};

/// Statistics of the pixels of one image, or of a part of it.
struct ImageMoments {
  std::int64_t counted = 0, missing = 0;  ///< finite values, the others
  double mean = 0, m2 = 0;                ///< of the finite values
  double lowest = 0, highest = 0;         ///< 0 when nothing was counted

  friend bool operator==(const ImageMoments&, const ImageMoments&) = default;
};

/// Adds images to `to`, in chunks of `chunk_images`: pixel p of image k is in[k * stride + p]. Only
/// when every chunk but the last of a leaf is full are results those of the definition. Exact: a
/// fixed order of double operations on every SIMD target. T: the types of PixelType. Fastest with
/// many images in a call: planes then stay in the caches from chunk to chunk. Doubles beyond 1e307,
/// or further apart than 1e153, give a mean or an M2 that is not finite. Not for one `to` in
/// several threads at once. Precondition: to.kind == moment_kind of T, or moments (integers are
/// then taken as doubles).
template <class T>
void add_images(const T* in, std::size_t stride, int images, PixelMoments& to);

/// The same, and image_moments of image k joined to each[k], from one read. each.size() == images.
/// Throws std::bad_alloc.
template <class T>
void add_images(const T* in, std::size_t stride, int images, PixelMoments& to,
                std::span<ImageMoments> each);

/// Joins the statistics of other images to `to`, as if they had been added behind those there.
/// Kinds and pixels are equal. Sums: exact. Moments: Chan's formula, a fixed order of operations.
void merge(const PixelMoments& later, PixelMoments& to);
void merge(const ImageMoments& later, ImageMoments& to);

/// Statistics of `pixels` of an image: of pieces that stay in cache (kernels/ops), joined by merge.
/// Exact: the same on every SIMD target.
template <class T>
ImageMoments image_moments(std::span<const T> pixels);

/// Variance of every pixel, divided by counted - ddof; NaN where that is not above 0. mean likewise
/// (NaN where nothing was counted). Sums: from whole numbers of 128 bits, one rounding at the end.
/// out.size() == of.pixels.
void write_mean(const PixelMoments& of, std::span<double> out);
void write_variance(const PixelMoments& of, int ddof, std::span<double> out);

}  // namespace quickbeam::kernels
