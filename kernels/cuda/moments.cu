// SPDX-License-Identifier: BSD-3-Clause
// Statistics of every pixel over a stack: a thread takes the pixels of a word through the images of
// a leaf. The next chunk is read while one is worked on, so that memory never waits.
#include "kernels/moments_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/moment_values.cuh"
#include "kernels/cuda/pixel_moments.cuh"
#include "kernels/cuda/pixel_sums.cuh"
#include "kernels/ops/moments.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned block_size = 256;

/// Blocks of a multiprocessor: enough bytes on their way, and no register spilled.
template <class V>
inline constexpr unsigned resident_blocks = sums_squares<typename V::Value> ? 3 : 2;

/// in: `stride` and `threads` in units of V.
template <class V>
__global__ void __launch_bounds__(block_size, resident_blocks<V>)
    add_moments(const V* in, std::size_t stride, std::size_t threads, std::uint32_t images,
                std::int64_t before, LeafPlanes to, Shares shares) {
  const std::size_t thread = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (thread >= threads) return;
  const LeafPart part = part_of(blockIdx.y, before, images);
  const V* from = in + static_cast<std::size_t>(part.first_image) * stride + thread;
  const std::size_t at = part.leaf * to.pixels + thread * V::count;
  const int place = add_finite(from, stride, part, shares, to, at);
  if (place == part.last) return;
  from += static_cast<std::size_t>(place - part.first) * stride;
#pragma unroll 1
  for (unsigned e = 0; e < V::count; ++e)
    add_rest(reinterpret_cast<const typename V::Value*>(from) + e, stride * V::count, place,
             part.last, to, at + e);
}

/// in: `stride` and `threads` in words of S, one of pixel_sums.cuh.
template <class S>
__global__ void __launch_bounds__(block_size)
    add_sums(const typename S::Word* in, std::size_t stride, std::size_t threads,
             std::uint32_t images, std::int64_t before, LeafPlanes to) {
  const std::size_t thread = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (thread >= threads) return;
  const LeafPart part = part_of(blockIdx.y, before, images);
  const S sums(in + static_cast<std::size_t>(part.first_image) * stride + thread, stride,
               part.last - part.first);
#pragma unroll
  for (unsigned e = 0; e < S::count; ++e) {
    const std::size_t at = part.leaf * to.pixels + thread * S::count + e;
    const PixelSum sum = sums[e];
    to.sum[at] += sum.sum;
    to.squares[at] += sum.squares;
    to.lowest[at] = ops::lower(to.lowest[at], static_cast<double>(sum.lowest));
    to.highest[at] = ops::higher(to.highest[at], static_cast<double>(sum.highest));
  }
}

__global__ void __launch_bounds__(block_size) reset(LeafPlanes planes) {
  const std::size_t at = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (at >= planes.leaves * planes.pixels) return;
  planes.lowest[at] = ops::plus_infinity;
  planes.highest[at] = -ops::plus_infinity;
  if (planes.kind == MomentKind::sums) {
    planes.sum[at] = 0;
    planes.squares[at] = 0;
  } else {
    planes.mean[at] = planes.m2[at] = 0;
    planes.missing[at] = 0;
  }
}

__global__ void __launch_bounds__(block_size)
    merge(LeafPlanes planes, std::uint32_t later, double later_images, std::uint32_t to,
          double to_images) {
  const std::size_t p = std::size_t{blockIdx.x} * block_size + threadIdx.x;
  if (p >= planes.pixels) return;
  const std::size_t from = later * planes.pixels + p, at = to * planes.pixels + p;
  if (planes.kind == MomentKind::sums) {
    planes.sum[at] += planes.sum[from];
    planes.squares[at] += planes.squares[from];
    planes.lowest[at] = ops::lower(planes.lowest[at], planes.lowest[from]);
    planes.highest[at] = ops::higher(planes.highest[at], planes.highest[from]);
    return;
  }
  const auto moments = [&](const Pixel& pixel, double images) {
    return ops::Moments{images - static_cast<double>(pixel.missing), pixel.mean, pixel.m2,
                        pixel.lowest, pixel.highest};
  };
  const Pixel there = read_pixel(planes, at), next = read_pixel(planes, from);
  ops::Moments all = moments(there, to_images);
  ops::merge(moments(next, later_images), all);
  write_pixel({all.mean, all.m2, all.lowest, all.highest, there.missing + next.missing}, at,
              planes);
}

}  // namespace

void reset_leaves(const LeafPlanes& planes, void* stream) {
  const std::uint64_t all = std::uint64_t{planes.leaves} * planes.pixels;
  if (all != 0)
    launch("reset of statistics", reset, dim3(blocks_for(all, block_size)), dim3(block_size),
           stream, planes);
}

namespace {

/// Images of one launch.
template <class T>
struct Images {
  const T* in;
  std::size_t stride;
  std::uint32_t count;
  std::int64_t before;

  /// The leaves that they belong to: the rows of a grid.
  std::uint32_t parts() const {
    return static_cast<std::uint32_t>((before + count - 1) / leaf_images - before / leaf_images +
                                      1);
  }
  /// Whether a thread can read `each` neighbouring pixels at once, everywhere.
  bool in_words(unsigned each, std::size_t pixels) const {
    return pixels % each == 0 && stride % each == 0 &&
           reinterpret_cast<std::uintptr_t>(in) % (each * sizeof(T)) == 0;
  }
};

template <class V, class T>
void add_moments_of(const Images<T>& images, const LeafPlanes& to, void* stream) {
  const std::size_t threads = to.pixels / V::count;
  launch("moments over images", add_moments<V>,
         frame_grid(blocks_for(threads, block_size), images.parts()), dim3(block_size), stream,
         reinterpret_cast<const V*>(images.in), images.stride / V::count, threads, images.count,
         images.before, to, shares_of_leaf());
}

template <class S, class T>
void add_sums_of(const Images<T>& images, const LeafPlanes& to, void* stream) {
  const std::size_t threads = to.pixels / S::count;
  launch("sums over images", add_sums<S>,
         frame_grid(blocks_for(threads, block_size), images.parts()), dim3(block_size), stream,
         reinterpret_cast<const typename S::Word*>(images.in), images.stride / S::count, threads,
         images.count, images.before, to);
}

template <class T>
using WordSums = std::conditional_t<sizeof(T) == 1, FourSums<T>, TwoSums<T>>;

template <class T>
void add_launch(const Images<T>& images, const LeafPlanes& to, void* stream) {
  if constexpr (is_small_integer<T>)
    if (to.kind == MomentKind::sums)
      return images.in_words(WordSums<T>::count, to.pixels)
                 ? add_sums_of<WordSums<T>>(images, to, stream)
                 : add_sums_of<OneSum<T>>(images, to, stream);
  if constexpr (std::is_same_v<T, Half>)
    if (images.in_words(HalfPair::count, to.pixels))
      return add_moments_of<HalfPair>(images, to, stream);
  add_moments_of<OnePixel<T>>(images, to, stream);
}

}  // namespace

template <class T>
void add_images(const T* in, std::size_t stride, std::uint32_t images, std::int64_t before,
                const LeafPlanes& to, void* stream) {
  if (to.pixels == 0) return;
  constexpr std::uint32_t most = (largest_grid_y - 1) * leaf_images;  // may begin within a leaf
  for (std::uint32_t done = 0; done < images; done += std::min(most, images - done))
    add_launch(Images<T>{in + std::size_t{done} * stride, stride, std::min(most, images - done),
                         before + done},
               to, stream);
}

void merge_leaves(const LeafPlanes& planes, std::uint32_t later, std::int64_t later_images,
                  std::uint32_t to, std::int64_t to_images, void* stream) {
  if (planes.pixels != 0 && later_images != 0)
    launch("joining of statistics", merge, dim3(blocks_for(planes.pixels, block_size)),
           dim3(block_size), stream, planes, later, static_cast<double>(later_images), to,
           static_cast<double>(to_images));
}

#define QUICKBEAM_ADD_IMAGES(T)                                                                   \
  template void add_images(const T*, std::size_t, std::uint32_t, std::int64_t, const LeafPlanes&, \
                           void*);
QUICKBEAM_ADD_IMAGES(std::int8_t)
QUICKBEAM_ADD_IMAGES(std::uint8_t)
QUICKBEAM_ADD_IMAGES(std::int16_t)
QUICKBEAM_ADD_IMAGES(std::uint16_t)
QUICKBEAM_ADD_IMAGES(std::int32_t)
QUICKBEAM_ADD_IMAGES(std::uint32_t)
QUICKBEAM_ADD_IMAGES(std::int64_t)
QUICKBEAM_ADD_IMAGES(std::uint64_t)
QUICKBEAM_ADD_IMAGES(Half)
QUICKBEAM_ADD_IMAGES(float)
QUICKBEAM_ADD_IMAGES(double)
#undef QUICKBEAM_ADD_IMAGES

}  // namespace quickbeam::kernels::cuda
