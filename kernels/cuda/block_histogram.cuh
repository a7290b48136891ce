// SPDX-License-Identifier: BSD-3-Clause
// A raw histogram of one frame, counted by many blocks. Frames are mostly pixels of 0 to 7 counts:
// those are counted in registers, other small ones in shared memory, and only the rest is added to
// the histogram in device memory at once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace quickbeam::kernels::cuda {

class BlockHistogram {
 public:
  static constexpr unsigned shared_bins = 2048;
  /// Blocks for one frame: few, because each ends with adding up its own histogram.
  static constexpr std::uint64_t most_blocks = 64;
  /// Calls of add by one thread that must not pass without a flush.
  static constexpr unsigned most_adds = 255;

  /// One in the shared memory of each block.
  struct Storage {
    std::uint32_t counts[shared_bins];
  };

  /// By all threads of the block, as finish; begins with all bins at 0.
  __device__ BlockHistogram(Storage& storage, std::uint32_t* counts)
      : storage_(storage), counts_(counts) {
    for (unsigned bin = threadIdx.x; bin < shared_bins; bin += blockDim.x) storage_.counts[bin] = 0;
    __syncthreads();
  }

  __device__ void add(std::uint32_t bin) {
    if (bin < register_bins)
      fields_ += std::uint64_t{1} << (8 * bin);
    else if (bin < shared_bins)
      atomicAdd(&storage_.counts[bin], 1u);
    else
      atomicAdd(&counts_[bin], 1u);
  }

  /// Empties the registers. By all threads of a warp.
  __device__ void flush() {
    constexpr std::uint64_t even = 0x00ff00ff00ff00ff;
    // Two of four fields of 16 bits, which take the sum of a warp.
    const std::uint64_t evens = warp_sum(fields_ & even), odds = warp_sum(fields_ >> 8 & even);
    fields_ = 0;
    const unsigned bin = threadIdx.x % 32;
    if (bin >= register_bins) return;
    const auto count =
        static_cast<std::uint32_t>((bin % 2 == 0 ? evens : odds) >> (16 * (bin / 2)) & 0xffff);
    if (count != 0) atomicAdd(&storage_.counts[bin], count);
  }

  /// Adds what is left to the histogram in device memory; `storage` may be used again.
  __device__ void finish() {
    flush();
    __syncthreads();
    for (unsigned bin = threadIdx.x; bin < shared_bins; bin += blockDim.x)
      if (storage_.counts[bin] != 0) atomicAdd(&counts_[bin], storage_.counts[bin]);
    __syncthreads();
  }

 private:
  static constexpr unsigned register_bins = 8;  ///< a byte each

  __device__ static std::uint64_t warp_sum(std::uint64_t value) {
    for (int distance = 16; distance > 0; distance /= 2)
      value += __shfl_xor_sync(0xffffffffu, value, distance);
    return value;
  }

  Storage& storage_;
  std::uint32_t* counts_;  ///< of the frame
  std::uint64_t fields_ = 0;
};

}  // namespace quickbeam::kernels::cuda
