// SPDX-License-Identifier: BSD-3-Clause
// Byte-offset streams to planes: a tile of pixels at a time, through shared memory.
#include "kernels/byte_offset_cuda.hpp"

#include "kernels/cuda/byte_offset_launch.cuh"
#include "kernels/cuda/byte_offset_tile.cuh"

namespace quickbeam::kernels::cuda {
namespace {

/// Where decoded pixels go.
template <class W>
struct StorePixel {
  PixelRule<W> rule;
  W* planes;

  __device__ void operator()(std::uint32_t frame, std::int64_t pixel, std::int64_t at,
                             W value) const {
    planes[at] = rule(value, pixel, frame);
  }
};

/// Hands every pixel of the batch to `use`, neighbours to neighbouring threads.
template <class T, class Use>
__global__ void __launch_bounds__(tile_threads)
    use_pixels(StreamBatch batch, StreamIndex index, Use use) {
  __shared__ TileShared<T> shared;
  const std::int64_t plane = batch.extent.pixels();
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    const PixelSpan span = stage_tile<T>(stream_of(batch, index, frame), blockIdx.x, shared);
    for (unsigned i = threadIdx.x; i < span.count; i += tile_threads) {
      const std::int64_t pixel = std::int64_t{span.first} + i;
      use(frame, pixel, frame * plane + pixel, static_cast<WorkType<T>>(shared.pixels[i]));
    }
    __syncthreads();
  }
}

template <class W, class Use>
void launch_use(const char* what, const StreamBatch& batch, const StreamIndex& index,
                const Use& use, void* stream) {
  if (batch.frames == 0 || index.tiles_per_frame == 0) return;
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

#define QUICKBEAM_STREAMS(W)                                                                    \
  template void decode_streams(const StreamBatch&, const StreamIndex&, const PixelRule<W>&, W*, \
                               void*);
QUICKBEAM_STREAMS(std::int32_t)
QUICKBEAM_STREAMS(std::int64_t)
#undef QUICKBEAM_STREAMS

}  // namespace quickbeam::kernels::cuda
