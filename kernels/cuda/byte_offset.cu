// SPDX-License-Identifier: BSD-3-Clause
// The pixels of indexed byte-offset streams, to planes, sums and histograms: a tile at a time,
// through shared memory, so that neighbouring threads have neighbouring pixels.
#include "kernels/byte_offset_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/block_histogram.cuh"
#include "kernels/cuda/byte_offset_launch.cuh"
#include "kernels/cuda/byte_offset_tile.cuh"
#include "kernels/ops/row_ops.hpp"
#include "kernels/row_ops.hpp"

namespace quickbeam::kernels::cuda {
namespace {

static_assert(most_tile_pixels / tile_threads <= BlockHistogram::most_adds);

/// Pixel `pixel` of frame `frame` into element `at` of planes.
template <class W>
struct StorePixel {
  PixelRule<W> rule;
  W* planes;

  __device__ void operator()(std::uint32_t frame, std::int64_t pixel, std::int64_t at,
                             W value) const {
    planes[at] = rule(value, pixel, frame);
  }
};

/// The same, onto a sum.
template <class W>
struct AddPixel {
  PixelRule<W> rule;
  std::int64_t* sums;
  std::uint8_t* saturated;

  __device__ void operator()(std::uint32_t frame, std::int64_t pixel, std::int64_t at,
                             W value) const {
    const W kept = rule(value, pixel, frame);
    const bool is_valid = rule.valid(kept);
    sums[at] = ops::add_pixel(sums[at], kept, is_valid);
    if (is_valid && kept > rule.saturation) saturated[at] = 1;
  }
};

/// Hands every pixel of the batch to `use`.
template <class T, class Use>
__global__ void __launch_bounds__(tile_threads)
    use_pixels(StreamBatch batch, StreamIndex index, Use use) {
  __shared__ TileShared<T> shared;
  const std::int64_t plane = batch.extent.pixels();
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const PixelSpan span = stage_tile<T>(stream_of(batch, index, frame), blockIdx.x, shared);
    const std::int64_t pixel = std::int64_t{span.first} + threadIdx.x, at = frame * plane + pixel;
#pragma unroll 4
    for (unsigned round = 0; threadIdx.x + round * tile_threads < span.count; ++round) {
      const std::int64_t behind = std::int64_t{round} * tile_threads;
      const auto value = static_cast<WorkType<T>>(shared.pixels.of_round(round));
      use(frame, pixel + behind, at + behind, value);
    }
    __syncthreads();
  }
}

/// Blocks on a multiprocessor of the kernel that counts: with more, registers are spilled.
constexpr unsigned count_blocks = 4;

template <class T>
__global__ void __launch_bounds__(tile_threads, count_blocks)
    count_pixels(StreamBatch batch, StreamIndex index, PixelRule<WorkType<T>> rule,
                 std::uint32_t* counts) {
  using W = WorkType<T>;
  __shared__ TileShared<T> shared;
  __shared__ BlockHistogram::Storage storage;
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    BlockHistogram histogram(storage, counts + frame * raw_histogram_bins);
    const StreamView stream = stream_of(batch, index, frame);
    for (std::uint64_t tile = blockIdx.x; tile < index.tiles_per_frame; tile += gridDim.x) {
      const PixelSpan span = stage_tile<T>(stream, tile, shared);
      for (unsigned i = threadIdx.x; i < span.count; i += tile_threads) {
        const W value = rule(static_cast<W>(shared.pixels[i]), std::int64_t{span.first} + i, frame);
        if (ops::is_counted(value, rule.valid, rule.saturation, false))
          histogram.add(static_cast<std::uint32_t>(ops::bin_of(value, raw_histogram_bins)));
      }
      histogram.flush();
      __syncthreads();
    }
    histogram.finish();
  }
}

bool is_empty(const StreamBatch& batch, const StreamIndex& index) {
  return batch.frames == 0 || index.tiles_per_frame == 0 || batch.extent.empty();
}

template <class W, class Use>
void launch_use(const char* what, const StreamBatch& batch, const StreamIndex& index,
                const Use& use, void* stream) {
  if (is_empty(batch, index)) return;
  visit_stream_type<W>(batch.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(what, use_pixels<T, Use>, frame_grid(index.tiles_per_frame, batch.frames),
           dim3(tile_threads), stream, batch, index, use);
  });
}

}  // namespace

template <class W>
void decode_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                    W* planes, void* stream) {
  launch_use<W>("byte-offset decoding", batch, index, StorePixel<W>{rule, planes}, stream);
}

template <class W>
void add_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                 std::int64_t* sums, std::uint8_t* saturated, void* stream) {
  launch_use<W>("byte-offset sums", batch, index, AddPixel<W>{rule.without_clip(), sums, saturated},
                stream);
}

template <class W>
void count_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                   std::uint32_t* counts, void* stream) {
  if (is_empty(batch, index)) return;
  visit_stream_type<W>(batch.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch("byte-offset histogram", count_pixels<T>,
           frame_grid(std::min(index.tiles_per_frame, BlockHistogram::most_blocks), batch.frames),
           dim3(tile_threads), stream, batch, index, rule.without_clip(), counts);
  });
}

#define QUICKBEAM_STREAMS(W)                                                                    \
  template void decode_streams(const StreamBatch&, const StreamIndex&, const PixelRule<W>&, W*, \
                               void*);                                                          \
  template void add_streams(const StreamBatch&, const StreamIndex&, const PixelRule<W>&,        \
                            std::int64_t*, std::uint8_t*, void*);                               \
  template void count_streams(const StreamBatch&, const StreamIndex&, const PixelRule<W>&,      \
                              std::uint32_t*, void*);
QUICKBEAM_STREAMS(std::int32_t)
QUICKBEAM_STREAMS(std::int64_t)
#undef QUICKBEAM_STREAMS

}  // namespace quickbeam::kernels::cuda
