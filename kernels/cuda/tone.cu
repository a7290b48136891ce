// SPDX-License-Identifier: BSD-3-Clause
// Reduced frames to palette positions: the thresholds of a frame in shared memory, four neighbours
// a thread, stored as one word where they make one.
#include "kernels/tone_cuda.hpp"

#include <algorithm>
#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/cuda/launch.cuh"

namespace quickbeam::kernels::cuda {
namespace {

constexpr unsigned block_size = 256;
constexpr unsigned word = 4;  ///< palette positions stored at once
/// Of a block: enough of them to be worth fetching the thresholds for.
constexpr unsigned pixels_a_block = 16 * block_size;
constexpr unsigned largest_grid_y = 65535;

template <class K>
__device__ void fetch(const ToneSteps<K>& from, ToneSteps<K>& to) {
  constexpr unsigned steps = sizeof(from.at) / sizeof(K);
  for (unsigned i = threadIdx.x; i < steps; i += blockDim.x) to.at[i] = from.at[i];
  if (threadIdx.x == 0) to.reachable = from.reachable;
}

/// The palette positions of pixels [begin, begin + 4) of a frame that lie in it; all four are one
/// store, to an aligned address.
template <class K>
__device__ void tone_word(const K* values, const std::uint8_t* saturated, std::int64_t begin,
                          std::int64_t pixels, const ToneSteps<K>& steps, std::uint8_t* out) {
  std::uint8_t positions[word];
#pragma unroll
  for (unsigned k = 0; k < word; ++k) {
    const std::int64_t at = begin + k;
    positions[k] = at < 0 || at >= pixels ? 0 : palette_index(values[at], saturated[at], steps);
  }
  if (begin >= 0 && begin + word <= pixels) {
    *reinterpret_cast<uchar4*>(out + begin) =
        make_uchar4(positions[0], positions[1], positions[2], positions[3]);
    return;
  }
  for (unsigned k = 0; k < word; ++k)
    if (begin + k >= 0 && begin + k < pixels) out[begin + k] = positions[k];
}

template <class K>
__global__ void __launch_bounds__(block_size)
    tone_frames(ReducedPlanes in, const ToneSteps<K>* steps, std::uint8_t* pictures) {
  __shared__ ToneSteps<K> table;
  const std::int64_t pixels = in.extent.pixels();
  for (std::int64_t frame = blockIdx.y; frame < in.frames; frame += gridDim.y) {
    fetch(steps[frame], table);
    __syncthreads();
    const K* const values = static_cast<const K*>(in.values) + frame * pixels;
    const std::uint8_t* const saturated = in.saturated + frame * pixels;
    std::uint8_t* const out = pictures + frame * pixels;
    // Words begin at aligned addresses: the first and the last of a frame may be partly outside.
    const auto lead = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out) % word);
    const std::int64_t step = std::int64_t{gridDim.x} * block_size * word;
    const std::int64_t first = (std::int64_t{blockIdx.x} * block_size + threadIdx.x) * word - lead;
    for (std::int64_t begin = first; begin < pixels; begin += step)
      tone_word(values, saturated, begin, pixels, table, out);
    __syncthreads();
  }
}

template <class K>
void tone(const ReducedPlanes& in, const void* steps, std::uint8_t* pictures, void* stream) {
  const auto pixels = static_cast<std::uint64_t>(in.extent.pixels());
  const dim3 grid(blocks_for(pixels, pixels_a_block), std::min(in.frames, largest_grid_y));
  launch("tone", tone_frames<K>, grid, dim3(block_size), stream, in,
         static_cast<const ToneSteps<K>*>(steps), pictures);
}

}  // namespace

void apply_tone(const ReducedPlanes& in, const void* steps, std::uint8_t* pictures, void* stream) {
  if (in.extent.empty() || in.frames == 0) return;
  switch (in.type) {
    case PixelType::i32:
      return tone<std::int32_t>(in, steps, pictures, stream);
    case PixelType::i64:
      return tone<std::int64_t>(in, steps, pictures, stream);
    case PixelType::f32:
      return tone<float>(in, steps, pictures, stream);
    case PixelType::f64:
      return tone<double>(in, steps, pictures, stream);
    default:
      fail({.code = ErrorCode::unsupported,
            .field = "tone",
            .expected = "values of int32, int64, float32 or float64",
            .found = std::string(name_of(in.type))});
  }
}

}  // namespace quickbeam::kernels::cuda
