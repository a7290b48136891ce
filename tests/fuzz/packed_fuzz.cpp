// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a packed stream: an image or an Error, and an image survives encoding and decoding.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "kernels/packed.hpp"
#include "tests/oracle/packed_encoder.hpp"

namespace {

using quickbeam::Encoding;
using quickbeam::Payload;

/// Type, flags, width, height, depth; the stream follows.
constexpr std::size_t head_bytes = 5;

template <class T>
void check_round_trip(Payload payload, std::span<const std::byte> image) {
  std::vector<T> pixels(image.size() / sizeof(T));
  std::memcpy(pixels.data(), image.data(), image.size());
  const quickbeam::oracle::PackedShape shape{
      payload.extent.width, payload.extent.height,
      payload.depth,        payload.encoding == Encoding::packed_v2,
      payload.flat,         payload.uncorrelated_sections};
  const auto stream = quickbeam::oracle::encode_packed<T>(pixels, shape);
  payload.bytes = stream;
  std::vector<std::byte> again(image.size());
  quickbeam::kernels::decode_packed(payload, again);
  if (std::memcmp(again.data(), image.data(), image.size()) != 0) __builtin_trap();
}

Payload payload_of(const std::uint8_t* head) {
  Payload payload;
  payload.type = static_cast<quickbeam::PixelType>(head[0] % 10);
  payload.encoding = head[1] & 1 ? Encoding::packed_v2 : Encoding::packed;
  payload.flat = head[1] & 2;
  payload.uncorrelated_sections = head[1] & 4;
  payload.extent = {head[2] + 1, head[3] % 32 + 1};
  payload.depth = head[4] % 4 + 1;
  return payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < head_bytes) return 0;
  Payload payload = payload_of(data);
  const auto pixels = static_cast<std::uint64_t>(payload.extent.pixels() * payload.depth);
  std::vector<std::byte> stream(size - head_bytes);
  if (!stream.empty()) std::memcpy(stream.data(), data + head_bytes, stream.size());
  const bool right_count = data[1] & 8;  // spares the fuzzer guessing it
  if (right_count && stream.size() >= 8) std::memcpy(stream.data(), &pixels, 8);
  payload.bytes = stream;
  std::vector<std::byte> image(pixels * size_of(payload.type));
  try {
    quickbeam::kernels::decode_packed(payload, image);
  } catch (const quickbeam::Error&) {
    return 0;
  }
  switch (size_of(payload.type)) {
    case 1:
      check_round_trip<std::int8_t>(payload, image);
      break;
    case 2:
      check_round_trip<std::int16_t>(payload, image);
      break;
    case 4:
      check_round_trip<std::int32_t>(payload, image);
      break;
    default:
      check_round_trip<std::int64_t>(payload, image);
  }
  return 0;
}
