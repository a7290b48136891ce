// SPDX-License-Identifier: BSD-3-Clause
// A batch of byte-offset streams in device memory, as the kernels over streams want it, and what
// the naive oracle says of each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "kernels/byte_offset_cuda.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/kernels/byte_offset_cases.hpp"
#include "tests/oracle/byte_offset.hpp"

namespace quickbeam::tests {

/// The padding behind each stream is garbage, of some full of 0x80, of some plain numbers; the
/// index is memory of the exact size, full of garbage too.
class DeviceStreams {
 public:
  DeviceStreams(const std::vector<Bytes>& streams, PixelType type, Extent extent)
      : streams_(copies(streams)),
        data_(pointers(streams_)),
        size_(sizes(streams)),
        batch_{.data = data_.get(),
               .size = size_.get(),
               .frames = static_cast<std::uint32_t>(streams.size()),
               .type = type,
               .longest = longest(streams),
               .extent = extent},
        memory_(kernels::cuda::stream_index_bytes(batch_.frames, batch_.longest), 0xa5),
        index_(kernels::cuda::stream_index(memory_.get(), batch_.frames, batch_.longest)) {
    kernels::cuda::index_streams(batch_, index_, nullptr);
  }

  const kernels::cuda::StreamBatch& batch() const { return batch_; }
  const kernels::cuda::StreamIndex& index() const { return index_; }

  std::vector<kernels::cuda::StreamVerdict> verdicts() const {
    return read(index_.verdicts, batch_.frames);
  }
  std::vector<std::uint32_t> tangled() const { return read(index_.tangled, batch_.frames); }

 private:
  static std::vector<DeviceArray<std::uint8_t>> copies(const std::vector<Bytes>& streams) {
    std::mt19937 random(7);
    std::vector<DeviceArray<std::uint8_t>> all;
    for (Bytes bytes : streams) {
      const bool escapes = bytes.size() % 2 == 0;
      for (std::size_t i = 0; i < kernels::cuda::stream_padding; ++i)
        bytes.push_back(static_cast<std::uint8_t>(escapes && random() % 2 ? 0x80 : random() % 128));
      all.emplace_back(bytes);
    }
    return all;
  }
  static std::vector<const std::uint8_t*> pointers(
      const std::vector<DeviceArray<std::uint8_t>>& streams) {
    std::vector<const std::uint8_t*> all;
    for (const auto& stream : streams) all.push_back(stream.get());
    return all;
  }
  static std::vector<std::uint64_t> sizes(const std::vector<Bytes>& streams) {
    std::vector<std::uint64_t> all;
    for (const Bytes& bytes : streams) all.push_back(bytes.size());
    return all;
  }
  static std::uint64_t longest(const std::vector<Bytes>& streams) {
    std::uint64_t most = 0;
    for (const Bytes& bytes : streams) most = std::max<std::uint64_t>(most, bytes.size());
    return most;
  }
  template <class T>
  static std::vector<T> read(const T* from, std::size_t count) {
    std::vector<T> values(count);
    kernels::cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    if (count > 0)
      kernels::cuda::check(
          cudaMemcpy(values.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

  std::vector<DeviceArray<std::uint8_t>> streams_;
  DeviceArray<const std::uint8_t*> data_;
  DeviceArray<std::uint64_t> size_;
  kernels::cuda::StreamBatch batch_;
  DeviceArray<std::uint8_t> memory_;
  kernels::cuda::StreamIndex index_;
};

/// What the oracle says of one stream that should have `pixels` pixels of an integer type.
inline oracle::ByteOffsetResult oracle_decode(const Bytes& bytes, PixelType type,
                                              std::size_t pixels) {
  return visit_type(type, [&](auto tag) -> oracle::ByteOffsetResult {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) return oracle::decode_byte_offset<T>(bytes, pixels);
    return {};
  });
}

/// Whole codes in a stream.
inline std::size_t code_count(const Bytes& bytes) {
  return oracle_decode(bytes, PixelType::i64, bytes.size() + 1).pixels.size();
}

/// The stream without the code that its end cuts, and with so many codes of one byte more that it
/// has `pixels`. Precondition: it has no more than that.
inline Bytes fitted(Bytes bytes, std::size_t pixels) {
  const auto whole = oracle_decode(bytes, PixelType::i64, bytes.size() + 1);
  bytes.resize(whole.byte);
  for (std::size_t i = whole.pixels.size(); i < pixels; ++i) bytes.push_back(i % 3 == 0 ? 1 : 0);
  return bytes;
}

}  // namespace quickbeam::tests
