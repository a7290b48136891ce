// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks: walks over images and planes, tile by tile so that planes and images stay
// in the caches; the joining of results. The SIMD steps are in *_kernels.cpp.
#include "kernels/moments.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include "kernels/cpu/moment_kernels.hpp"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels {
namespace {

/// Pixels that are taken through all images of a call before the next ones: a chunk of their images
/// and their planes fit the L2 cache. Pieces of images begin at multiples of it.
constexpr std::size_t tile_pixels = ops::piece_pixels;

template <class T>
constexpr bool has_sums = moment_kind(pixel_type_of<T>()) == MomentKind::sums;

/// Joins statistics of the pieces at pixels first .. last - 1 of a chunk to those of its images.
template <class T>
void add_pieces(const PieceKernel<T>& kernel, const ImageChunk<T>& chunk, std::size_t first,
                std::size_t last, ops::Moments* images) {
  ops::Moments pieces[chunk_images];
  const auto count = static_cast<std::size_t>(chunk.images);
  kernel.moments(chunk.in + first, chunk.stride, count, last - first, pieces);
  for (std::size_t k = 0; k < count; ++k) ops::merge(pieces[k], images[k]);
}

ImageMoments image_moments_of(const ops::Moments& of, std::size_t pixels) {
  const auto counted = static_cast<std::int64_t>(of.count);
  const std::int64_t missing = static_cast<std::int64_t>(pixels) - counted;
  if (counted == 0) return {.missing = missing};
  return {counted, missing, of.mean, of.m2, of.lowest, of.highest};
}

/// Adds `images` images to the planes of `to`, at pixels first .. last - 1; true when a value was
/// not finite. `before` images were added.
template <class T>
bool add_chunk(const ImageChunk<T>& chunk, std::size_t first, std::size_t last, std::int64_t before,
               PixelMoments& to) {
  if constexpr (has_sums<T>) {
    if (to.kind == MomentKind::sums) {
      const SumPlanes planes{to.sum.data(), to.squares.data(), to.lowest.data(), to.highest.data()};
      std::get<PixelSumKernel<T>>(pixel_sum_kernels()).add(chunk, first, last, planes);
      return false;
    }
  }
  const MomentPlanes planes{to.mean.data(),    to.m2.data(), to.lowest.data(), to.highest.data(),
                            to.missing.data(), before,       to.any_missing};
  if constexpr (ops::has_exact_squares<T>)
    return std::get<PixelMomentKernel<T>>(pixel_square_kernels()).add(chunk, first, last, planes);
  else
    return std::get<PixelMomentKernel<T>>(pixel_moment_kernels()).add(chunk, first, last, planes);
}

}  // namespace

void PixelMoments::reset(MomentKind of, std::size_t count) {
  const bool by_moments = of == MomentKind::moments;
  kind = of;
  pixels = count;
  images = 0;
  any_missing = false;
  const auto fill = [](auto& buffer, std::size_t size, auto value) {
    buffer.resize(size);
    std::fill_n(buffer.data(), size, value);
  };
  fill(mean, by_moments ? count : 0, 0.0);
  fill(m2, by_moments ? count : 0, 0.0);
  fill(missing, by_moments ? count : 0, std::uint32_t{0});
  fill(sum, by_moments ? 0 : count, std::int64_t{0});
  fill(squares, by_moments ? 0 : count, std::uint64_t{0});
  fill(lowest, count, ops::plus_infinity);
  fill(highest, count, -ops::plus_infinity);
}

template <class T>
void add_images(const T* in, std::size_t stride, int images, PixelMoments& to,
                std::span<ImageMoments> each) {
  const auto& pieces = std::get<PieceKernel<T>>(piece_kernels());
  std::vector<ops::Moments> here(each.size());
  bool found = false;
  for (std::size_t first = 0; first < to.pixels; first += tile_pixels) {
    const std::size_t last = std::min(first + tile_pixels, to.pixels);
    for (int k = 0; k < images; k += chunk_images) {
      const ImageChunk<T> chunk{in + static_cast<std::size_t>(k) * stride, stride,
                                std::min(chunk_images, images - k)};
      if (!each.empty()) add_pieces(pieces, chunk, first, last, here.data() + k);
      // A later chunk of this tile must see what an earlier one left out.
      to.any_missing |= found;
      found |= add_chunk<T>(chunk, first, last, to.images + k, to);
    }
  }
  to.any_missing |= found;
  to.images += images;
  for (std::size_t k = 0; k < each.size(); ++k)
    merge(image_moments_of(here[k], to.pixels), each[k]);
}

template <class T>
void add_images(const T* in, std::size_t stride, int images, PixelMoments& to) {
  add_images(in, stride, images, to, std::span<ImageMoments>());
}

template <class T>
ImageMoments image_moments(std::span<const T> pixels) {
  const auto& kernel = std::get<PieceKernel<T>>(piece_kernels());
  ops::Moments all;
  for (std::size_t first = 0; first < pixels.size(); first += tile_pixels)
    add_pieces<T>(kernel, {pixels.data(), tile_pixels, 1}, first,
                  std::min(first + tile_pixels, pixels.size()), &all);
  return image_moments_of(all, pixels.size());
}

#define QUICKBEAM_MOMENTS(T)                                                                    \
  template void add_images(const T*, std::size_t, int, PixelMoments&);                          \
  template void add_images(const T*, std::size_t, int, PixelMoments&, std::span<ImageMoments>); \
  template ImageMoments image_moments(std::span<const T>);
QUICKBEAM_MOMENTS(std::int8_t)
QUICKBEAM_MOMENTS(std::uint8_t)
QUICKBEAM_MOMENTS(std::int16_t)
QUICKBEAM_MOMENTS(std::uint16_t)
QUICKBEAM_MOMENTS(std::int32_t)
QUICKBEAM_MOMENTS(std::uint32_t)
QUICKBEAM_MOMENTS(std::int64_t)
QUICKBEAM_MOMENTS(std::uint64_t)
QUICKBEAM_MOMENTS(float)
QUICKBEAM_MOMENTS(double)
#undef QUICKBEAM_MOMENTS

}  // namespace quickbeam::kernels
