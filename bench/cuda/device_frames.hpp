// SPDX-License-Identifier: BSD-3-Clause
// Compressed frames in device memory, more than its cache holds, taken in batches in turn.
#pragma once

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "bench/cuda/inputs.hpp"
#include "host/src/cuda/runtime.hpp"
#include "kernels/byte_offset_cuda.hpp"
#include "kernels/ops/pixel_rule.hpp"

namespace quickbeam::bench {

/// Device memory of so many T. Its contents are unspecified.
template <class T>
class DeviceBlock {
 public:
  explicit DeviceBlock(std::size_t count)
      : memory_(cuda::device_memory(std::max<std::size_t>(count * sizeof(T), 1))) {}
  explicit DeviceBlock(const std::vector<T>& values) : DeviceBlock(values.size()) {
    QUICKBEAM_CUDA_TRY(
        cudaMemcpy(get(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    QUICKBEAM_CUDA_TRY(cudaDeviceSynchronize());
  }
  T* get() const { return static_cast<T*>(memory_.get()); }

 private:
  cuda::DeviceMemory memory_;
};

/// `count` frames: those of the inputs again and again, each at a place of its own.
class DeviceFrames {
 public:
  DeviceFrames(const Inputs& inputs, std::size_t count)
      : slot_(slot_bytes(inputs.longest())),
        block_(slot_ * count),
        data_(pointers(count)),
        size_(sizes(inputs, count)),
        longest_(inputs.longest()),
        extent_(inputs.extent()),
        count_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Payload& payload = inputs.payloads()[i % inputs.payloads().size()];
      QUICKBEAM_CUDA_TRY(cudaMemcpy(block_.get() + i * slot_, payload.bytes.data(),
                                    payload.bytes.size(), cudaMemcpyHostToDevice));
    }
    QUICKBEAM_CUDA_TRY(cudaDeviceSynchronize());
  }

  std::size_t count() const { return count_; }
  kernels::cuda::StreamBatch batch(std::size_t first, std::size_t frames) const {
    return {.data = data_.get() + first,
            .size = size_.get() + first,
            .frames = static_cast<std::uint32_t>(frames),
            .type = PixelType::i32,
            .longest = longest_,
            .extent = extent_};
  }

 private:
  static std::size_t slot_bytes(std::size_t longest) {
    constexpr std::size_t alignment = 256;
    return (longest + kernels::cuda::stream_padding + alignment - 1) / alignment * alignment;
  }
  std::vector<const std::uint8_t*> pointers(std::size_t count) const {
    std::vector<const std::uint8_t*> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(block_.get() + i * slot_);
    return all;
  }
  static std::vector<std::uint64_t> sizes(const Inputs& inputs, std::size_t count) {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < count; ++i)
      all.push_back(inputs.payloads()[i % inputs.payloads().size()].bytes.size());
    return all;
  }

  std::size_t slot_;
  DeviceBlock<std::uint8_t> block_;
  DeviceBlock<const std::uint8_t*> data_;
  DeviceBlock<std::uint64_t> size_;
  std::size_t longest_;
  Extent extent_;
  std::size_t count_;
};

/// What the engine masks and calls saturated in such frames.
inline kernels::PixelRule<std::int32_t> plain_rule(const Inputs& inputs) {
  const auto cutoff = inputs.layout().count_cutoff;
  return {.valid = valid_range<std::int32_t>(inputs.layout().mask),
          .saturation = cutoff ? static_cast<std::int32_t>(*cutoff) : INT32_MAX};
}

/// The frames cut into batches of one size, each with an index of its own, already filled.
class DeviceBatches {
 public:
  DeviceBatches(const DeviceFrames& frames, std::size_t batch, cudaStream_t stream) {
    const auto each = static_cast<std::uint32_t>(batch);
    for (std::size_t first = 0; first + batch <= frames.count(); first += batch) {
      const auto streams = frames.batch(first, batch);
      memory_.emplace_back(kernels::cuda::stream_index_bytes(each, streams.longest));
      index_.push_back(kernels::cuda::stream_index(memory_.back().get(), each, streams.longest));
      batch_.push_back(streams);
      kernels::cuda::index_streams(batch_.back(), index_.back(), stream);
    }
  }

  /// Batch number `turn`, round and round.
  const kernels::cuda::StreamBatch& batch(std::size_t turn) const {
    return batch_[turn % batch_.size()];
  }
  const kernels::cuda::StreamIndex& index(std::size_t turn) const {
    return index_[turn % index_.size()];
  }
  /// Throws std::runtime_error when a stream of the first batch was found bad.
  void check_verdicts() const;

 private:
  std::vector<DeviceBlock<std::byte>> memory_;
  std::vector<kernels::cuda::StreamBatch> batch_;
  std::vector<kernels::cuda::StreamIndex> index_;
};

inline void DeviceBatches::check_verdicts() const {
  std::vector<kernels::cuda::StreamVerdict> verdicts(batch_[0].frames);
  QUICKBEAM_CUDA_TRY(cudaDeviceSynchronize());
  QUICKBEAM_CUDA_TRY(cudaMemcpy(verdicts.data(), index_[0].verdicts,
                                verdicts.size() * sizeof(verdicts[0]), cudaMemcpyDeviceToHost));
  for (const auto& verdict : verdicts)
    if (verdict.bad != 0) throw std::runtime_error("a stream was found bad");
}

}  // namespace quickbeam::bench
