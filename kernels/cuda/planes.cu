// SPDX-License-Identifier: BSD-3-Clause
// Frames of plain values to planes, sums and histograms: a thread takes a few neighbouring pixels.
#include "kernels/planes_cuda.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/cuda/block_histogram.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector_access.cuh"
#include "kernels/ops/row_ops.hpp"
#include "kernels/row_ops.hpp"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned plane_threads = 256;

/// Pixels of a thread: one wide store of working values.
template <class W>
constexpr unsigned group_pixels = vector_bytes / sizeof(W);

/// A group of neighbouring pixels of one frame.
template <class W>
struct PixelGroup {
  std::uint32_t frame;
  std::int64_t pixel;  ///< the first of them in the frame
  std::int64_t at;     ///< the same in all planes
  unsigned count;      ///< up to group_pixels; less at the end of a frame
};

template <unsigned count, class V>
__device__ void load_group(const V* from, unsigned wanted, V (&values)[count]) {
  if (wanted == count) return load_values(from, values);
#pragma unroll
  for (unsigned i = 0; i < count; ++i)
    if (i < wanted) values[i] = from[i];
}

template <unsigned count, class V>
__device__ void store_group(V* to, unsigned wanted, const V (&values)[count]) {
  if (wanted == count) return store_values(to, values);
#pragma unroll
  for (unsigned i = 0; i < count; ++i)
    if (i < wanted) to[i] = values[i];
}

/// The bytes of `bits` in the other order.
template <class Bits>
__device__ Bits swapped(Bits bits) {
  Bits result = 0;
#pragma unroll
  for (unsigned i = 0; i < sizeof(Bits); ++i)
    result = static_cast<Bits>(result | static_cast<Bits>(bits >> (8 * i) & 0xff)
                                            << (8 * (sizeof(Bits) - 1 - i)));
  return result;
}

/// The unsigned integer as wide as T.
template <class T>
using BitsOf = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

/// Stored pixels of type T in the given byte order, widened.
template <class T, unsigned count>
__device__ void read_pixels(const std::uint8_t* frame, ByteOrder order, std::int64_t pixel,
                            unsigned wanted, WorkType<T> (&values)[count]) {
  BitsOf<T> bits[count]{};
  load_group(reinterpret_cast<const BitsOf<T>*>(frame) + pixel, wanted, bits);
#pragma unroll
  for (unsigned i = 0; i < count; ++i) {
    const BitsOf<T> little = order == ByteOrder::big ? swapped(bits[i]) : bits[i];
    T value;
    std::memcpy(&value, &little, sizeof(T));
    values[i] = static_cast<WorkType<T>>(value);
  }
}

/// The group of this thread in round `round` of a loop over the groups of a frame, `count` = 0
/// behind its end. The number of rounds is the same for all threads of a block.
template <class W>
__device__ PixelGroup<W> group_of(std::uint32_t frame, std::int64_t pixels, std::uint64_t round) {
  const std::uint64_t block = blockIdx.x + round * gridDim.x;
  const auto pixel =
      static_cast<std::int64_t>((block * plane_threads + threadIdx.x) * group_pixels<W>);
  const std::int64_t left = pixels - pixel;
  const auto most = static_cast<std::int64_t>(group_pixels<W>);
  return {frame, pixel, frame * pixels + pixel,
          left <= 0 ? 0 : static_cast<unsigned>(left < most ? left : most)};
}

template <class W>
struct StoreGroup {
  PixelRule<W> rule;
  W* planes;

  __device__ void operator()(const PixelGroup<W>& group, W (&values)[group_pixels<W>]) const {
#pragma unroll
    for (unsigned i = 0; i < group_pixels<W>; ++i)
      if (i < group.count) values[i] = rule(values[i], group.pixel + i, group.frame);
    store_group(planes + group.at, group.count, values);
  }
};

template <class W, class Sum>
struct AddGroup {
  PixelRule<W> rule;
  Sum* sums;
  std::uint8_t* saturated;

  __device__ void operator()(const PixelGroup<W>& group, W (&values)[group_pixels<W>]) const {
    Sum added[group_pixels<W>]{};
    load_group(sums + group.at, group.count, added);
#pragma unroll
    for (unsigned i = 0; i < group_pixels<W>; ++i) {
      if (i >= group.count) continue;
      const W value = rule(values[i], group.pixel + i, group.frame);
      const bool is_valid = rule.valid(value);
      added[i] = ops::add_pixel(added[i], value, is_valid);
      if (is_valid && value > rule.saturation) saturated[group.at + i] = 1;
    }
    store_group(sums + group.at, group.count, added);
  }
};

/// Hands every group of pixels of the batch to `use`.
template <class T, class Use>
__global__ void __launch_bounds__(plane_threads) use_raw(RawBatch batch, Use use) {
  using W = WorkType<T>;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const PixelGroup<W> group = group_of<W>(frame, batch.extent.pixels(), 0);
    if (group.count == 0) continue;
    W values[group_pixels<W>];
    read_pixels<T>(batch.data[frame], batch.order, group.pixel, group.count, values);
    use(group, values);
  }
}

template <class W>
__global__ void __launch_bounds__(plane_threads)
    clip_pixels(W* planes, std::uint32_t frames, std::int64_t pixels, StoreGroup<W> use) {
  for (std::uint32_t frame = blockIdx.y; frame < frames; frame += gridDim.y) {
    const PixelGroup<W> group = group_of<W>(frame, pixels, 0);
    if (group.count == 0) continue;
    W values[group_pixels<W>]{};
    load_group(planes + group.at, group.count, values);
    use(group, values);
  }
}

/// A batch of whole planes to be counted.
template <class W>
struct CountedPlanes {
  const W* planes;
  const std::uint8_t* flags;
  std::int64_t pixels;
  PixelRule<W> rule;

  __device__ void count(const PixelGroup<W>& group, BlockHistogram& histogram) const {
    W values[group_pixels<W>]{};
    load_group(planes + group.at, group.count, values);
#pragma unroll
    for (unsigned i = 0; i < group_pixels<W>; ++i) {
      if (i >= group.count) continue;
      const W value = rule(values[i], group.pixel + i, group.frame);
      const bool flagged = flags != nullptr && flags[group.at + i] != 0;
      if (ops::is_counted(value, rule.valid, rule.saturation, flagged))
        histogram.add(static_cast<std::uint32_t>(ops::bin_of(value, raw_histogram_bins)));
    }
  }
};

template <class W>
__global__ void __launch_bounds__(plane_threads)
    count_pixels(CountedPlanes<W> in, std::uint32_t frames, std::uint32_t* counts) {
  __shared__ BlockHistogram::Storage storage;
  constexpr std::int64_t block_pixels = plane_threads * group_pixels<W>;
  constexpr unsigned rounds_a_flush = BlockHistogram::most_adds / group_pixels<W>;
  for (std::uint32_t frame = blockIdx.y; frame < frames; frame += gridDim.y) {
    BlockHistogram histogram(storage, counts + frame * raw_histogram_bins);
    std::uint64_t round = 0;
    for (std::int64_t first = blockIdx.x * block_pixels; first < in.pixels;
         first += gridDim.x * block_pixels) {
      in.count(group_of<W>(frame, in.pixels, round), histogram);
      if (++round % rounds_a_flush == 0) histogram.flush();
    }
    histogram.finish();
  }
}

/// Blocks in which every thread has a group of pixels of a frame.
template <class W>
std::uint64_t group_blocks(std::int64_t pixels) {
  return blocks_for(static_cast<std::uint64_t>(pixels), plane_threads * group_pixels<W>);
}

template <class W, class Use>
void launch_raw(const char* what, const RawBatch& batch, const Use& use, void* stream) {
  if (batch.frames == 0 || batch.extent.empty()) return;
  visit_type(batch.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<WorkType<T>, W>)
      launch(what, use_raw<T, Use>,
             frame_grid(group_blocks<W>(batch.extent.pixels()), batch.frames), dim3(plane_threads),
             stream, batch, use);
    else
      fail({.code = ErrorCode::unsupported,
            .format = "CUDA",
            .field = "planes",
            .expected = "stored pixels of the working type",
            .found = std::string(name_of(batch.type))});
  });
}

}  // namespace

template <class W>
void widen_planes(const RawBatch& batch, const PixelRule<W>& rule, W* planes, void* stream) {
  launch_raw<W>("widening of planes", batch, StoreGroup<W>{rule, planes}, stream);
}

template <class W, class Sum>
void add_planes(const RawBatch& batch, const PixelRule<W>& rule, Sum* sums, std::uint8_t* saturated,
                void* stream) {
  launch_raw<W>("adding of planes", batch, AddGroup<W, Sum>{rule.without_clip(), sums, saturated},
                stream);
}

template <class W>
void count_planes(const W* planes, const std::uint8_t* flags, std::uint32_t frames,
                  std::int64_t pixels, const PixelRule<W>& rule, std::uint32_t* counts,
                  void* stream) {
  if (frames == 0 || pixels <= 0) return;
  launch("counting of planes", count_pixels<W>,
         frame_grid(std::min(group_blocks<W>(pixels), BlockHistogram::most_blocks), frames),
         dim3(plane_threads), stream, CountedPlanes<W>{planes, flags, pixels, rule.without_clip()},
         frames, counts);
}

template <class W>
void clip_planes(W* planes, std::uint32_t frames, std::int64_t pixels, const PixelRule<W>& rule,
                 void* stream) {
  if (frames == 0 || pixels <= 0) return;
  launch("clipping of planes", clip_pixels<W>, frame_grid(group_blocks<W>(pixels), frames),
         dim3(plane_threads), stream, planes, frames, pixels, StoreGroup<W>{rule, planes});
}

#define QUICKBEAM_PLANES(W, Sum)                                                              \
  template void widen_planes(const RawBatch&, const PixelRule<W>&, W*, void*);                \
  template void add_planes(const RawBatch&, const PixelRule<W>&, Sum*, std::uint8_t*, void*); \
  template void count_planes(const W*, const std::uint8_t*, std::uint32_t, std::int64_t,      \
                             const PixelRule<W>&, std::uint32_t*, void*);                     \
  template void clip_planes(W*, std::uint32_t, std::int64_t, const PixelRule<W>&, void*);
QUICKBEAM_PLANES(std::int32_t, std::int64_t)
QUICKBEAM_PLANES(std::int64_t, std::int64_t)
QUICKBEAM_PLANES(float, double)
QUICKBEAM_PLANES(double, double)
#undef QUICKBEAM_PLANES

}  // namespace quickbeam::kernels::cuda
