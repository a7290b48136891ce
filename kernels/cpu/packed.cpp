// SPDX-License-Identifier: BSD-3-Clause
// Decodes packed streams: a header of four 64-bit words, then chunks of offsets.
#include "kernels/packed.hpp"

#include <string>

#include <quickbeam/core/error.hpp>

#include "kernels/cpu/packed_predictor.hpp"
#include "kernels/cpu/packed_stream.hpp"

namespace quickbeam::kernels {
namespace {

/// Element count, smallest and largest element, reserved. libcbf always writes 0 for the last
/// three and never looks at them, so they are not looked at here.
constexpr std::size_t header_bytes = 32;

[[noreturn]] void fail_stream(const Payload& payload, ErrorCode code, std::uint64_t byte,
                              std::string expected, std::string found) {
  fail({.code = code,
        .format = "CBF",
        .field = payload.encoding == Encoding::packed_v2 ? "x-CBF_PACKED_V2" : "x-CBF_PACKED",
        .offset = byte,
        .expected = std::move(expected),
        .found = std::move(found)});
}

ChunkCode code_of(const Payload& payload) {
  return ChunkCode::make(payload.encoding == Encoding::packed_v2, payload.flat,
                         size_of(payload.type));
}

/// Number of pixels; 0 when the sizes make no sense.
std::uint64_t pixel_count(const Payload& payload) {
  std::int64_t pixels = 0, bytes = 0;
  if (payload.extent.empty() || payload.depth <= 0 ||
      __builtin_mul_overflow(payload.extent.width, payload.extent.height, &pixels) ||
      __builtin_mul_overflow(pixels, payload.depth, &pixels) ||
      __builtin_mul_overflow(pixels, std::int64_t{8}, &bytes))
    return 0;
  return static_cast<std::uint64_t>(pixels);
}

void check_request(const Payload& payload, std::size_t out_bytes) {
  const std::uint64_t pixels = pixel_count(payload);
  if (pixels == 0 || pixels * size_of(payload.type) != out_bytes)
    fail_stream(payload, ErrorCode::usage, 0, "memory of exactly the decoded size",
                std::to_string(out_bytes) + " bytes");
  // One column: libcbf's encoder takes the pixel itself for the neighbour above right, and what it
  // then writes fits two values; libcbf cannot read such streams back either.
  if (payload.extent.width == 1 && payload.extent.height > 1 && !payload.flat)
    fail_stream(payload, ErrorCode::unsupported, 0, "rows of two pixels or more, or \"flat\"",
                "rows of one pixel");
}

/// Whether the chunks hold exactly `count` pixels and fill the stream to its last byte: then the
/// bytes are packed data, whatever else is wrong.
bool holds_exactly(const Payload& payload, std::uint64_t count) {
  const ChunkCode code = code_of(payload);
  PackedStream stream(payload.bytes, header_bytes);
  std::uint64_t pixels = 0;
  while (pixels < count && stream.bits_left() >= code.head_bits) {
    const Chunk chunk = stream.take_head(code);
    if (stream.bits_left() < chunk.bits()) return false;
    stream.skip(chunk.bits());
    pixels += chunk.pixels;
  }
  return pixels == count && stream.bits_left() < 8;
}

void check_header(const Payload& payload) {
  const std::uint64_t size = payload.bytes.size(), expected = pixel_count(payload);
  if (size < header_bytes)
    fail_stream(payload, ErrorCode::bad_stream, size, "a header of 32 bytes",
                "the end of the stream at byte " + std::to_string(size));
  const std::uint64_t found = load_word(payload.bytes.data());
  if (found == expected) return;
  if (found > 0 && holds_exactly(payload, found))
    fail_stream(payload, ErrorCode::inconsistent, 0, std::to_string(expected) + " pixels",
                std::to_string(found) + " in the packed header");
  fail_stream(payload, ErrorCode::bad_stream, 0,
              "a packed header of " + std::to_string(expected) + " pixels",
              "bytes that are no packed stream");
}

[[noreturn]] void fail_early(const Payload& payload, std::uint64_t pixel) {
  const std::uint64_t size = payload.bytes.size();
  fail_stream(payload, ErrorCode::bad_stream, size,
              std::to_string(pixel_count(payload)) + " pixels",
              "the end of the stream at pixel " + std::to_string(pixel) + ", stream byte " +
                  std::to_string(size));
}

/// The next chunk, checked against what is left of the stream and of the image.
template <class T>
std::uint32_t take_chunk(const Payload& payload, const ChunkCode& code, PackedStream& stream,
                         std::uint64_t pixel, std::uint64_t total, T* out) {
  const std::uint64_t start = stream.bit();
  if (stream.bits_left() < code.head_bits) fail_early(payload, pixel);
  const Chunk chunk = stream.take_head(code);
  if (chunk.pixels > total - pixel)
    fail_stream(
        payload, ErrorCode::inconsistent, start / 8, std::to_string(total) + " pixels",
        "a chunk of " + std::to_string(chunk.pixels) + " at pixel " + std::to_string(pixel));
  if (stream.bits_left() < chunk.bits())
    fail_early(payload, pixel + stream.bits_left() / chunk.width);
  stream.take_offsets(chunk, out);
  return chunk.pixels;
}

template <class T>
void decode(const Payload& payload, T* out) {
  const ChunkCode code = code_of(payload);
  const std::uint64_t total = pixel_count(payload);
  PackedStream stream(payload.bytes, header_bytes);
  PackedPredictor<T> predictor(payload, out);
  constexpr std::size_t batch = PackedPredictor<T>::max_batch - PackedStream::max_chunk_pixels;
  T offsets[PackedPredictor<T>::max_batch + PackedStream::overshoot];
  for (std::uint64_t pixel = 0; pixel < total;) {
    std::size_t ready = 0;
    while (ready < batch && pixel + ready < total)
      ready += take_chunk(payload, code, stream, pixel + ready, total, offsets + ready);
    predictor.apply(offsets, ready);
    pixel += ready;
  }
  if (stream.bits_left() >= 8)
    fail_stream(payload, ErrorCode::inconsistent, (stream.bit() + 7) / 8,
                std::to_string(total) + " pixels, then the end of the stream",
                std::to_string(stream.bits_left() / 8) + " bytes left over");
}

}  // namespace

void decode_packed(const Payload& payload, std::span<std::byte> out) {
  check_request(payload, out.size());
  check_header(payload);
  switch (size_of(payload.type)) {
    case 1:
      return decode(payload, reinterpret_cast<std::int8_t*>(out.data()));
    case 2:
      return decode(payload, reinterpret_cast<std::int16_t*>(out.data()));
    case 4:
      return decode(payload, reinterpret_cast<std::int32_t*>(out.data()));
    default:
      return decode(payload, reinterpret_cast<std::int64_t*>(out.data()));
  }
}

}  // namespace quickbeam::kernels
