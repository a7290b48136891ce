// SPDX-License-Identifier: BSD-3-Clause
// Any encoding, row by row, in the working type.
#include "kernels/row_decoder.hpp"

#include <bit>
#include <cstring>
#include <string>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/packed.hpp"

namespace quickbeam::kernels {
namespace {

std::uint64_t pixel_count(const Payload& payload) {
  return static_cast<std::uint64_t>(payload.extent.pixels()) *
         static_cast<std::uint64_t>(payload.depth);
}

std::uint64_t byte_count(const Payload& payload) {
  return pixel_count(payload) * size_of(payload.type);
}

void check_raw_size(const Payload& payload) {
  const std::uint64_t expected = byte_count(payload), found = payload.bytes.size();
  if (expected == found) return;
  fail({.code = found < expected ? ErrorCode::truncated : ErrorCode::inconsistent,
        .format = "raw pixels",
        .field = "data",
        .offset = std::min(expected, found),
        .expected = std::to_string(expected) + " bytes",
        .found = std::to_string(found)});
}

template <class T>
T load(const std::byte* from, ByteOrder order) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, from, sizeof(T));
  if (order == ByteOrder::big)
    for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
  return std::bit_cast<T>(bytes);
}

static_assert(std::endian::native == std::endian::little, "raw values are taken as they stand");

template <class T, class W>
void convert(const std::byte* from, ByteOrder order, W* out, std::size_t count) {
  if (count == 0) return;  // there may be no memory at all
  if (order == ByteOrder::little) {
    if constexpr (std::is_same_v<T, W>) {
      std::memcpy(out, from, count * sizeof(T));
    } else {
      for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<W>(load<T>(from + i * sizeof(T), ByteOrder::little));
    }
  } else {
    for (std::size_t i = 0; i < count; ++i)
      out[i] = static_cast<W>(load<T>(from + i * sizeof(T), ByteOrder::big));
  }
}

[[noreturn]] void fail_stream(const StreamStatus& status, const Payload& payload) {
  fail(stream_error(status, pixel_count(payload), payload.bytes.size()));
}

}  // namespace

template <class W>
void RowDecoder<W>::open(const Payload& payload) {
  payload_ = payload;
  raw_ = {};
  switch (payload.encoding) {
    case Encoding::byte_offset:
      if constexpr (std::is_integral_v<W>) {
        byte_offset_ = ByteOffsetDecoder(payload.bytes, payload.type);
        return;
      }
      fail({.code = ErrorCode::unsupported,
            .format = "CBF",
            .field = "X-Binary-Element-Type",
            .expected = "an integer type for x-CBF_BYTE_OFFSET",
            .found = std::string(name_of(payload.type))});
    case Encoding::packed:
    case Encoding::packed_v2:
      raw_ = unpacked_.resize(byte_count(payload));
      decode_packed(payload, unpacked_.span());
      payload_.order = ByteOrder::little;
      return;
    case Encoding::raw:
      check_raw_size(payload);
      raw_ = payload.bytes;
      return;
  }
}

template <class W>
void RowDecoder<W>::read(W* out, std::size_t count, std::size_t writable) {
  if (payload_.encoding != Encoding::byte_offset) return read_raw(out, count);
  if constexpr (std::is_integral_v<W>)
    if (!byte_offset_.read(out, count, writable)) fail_stream(byte_offset_.status(), payload_);
}

template <class W>
void RowDecoder<W>::read_raw(W* out, std::size_t count) {
  visit_type(payload_.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<WorkType<T>, W>) {
      convert<T, W>(raw_.data(), payload_.order, out, count);
      raw_ = raw_.subspan(count * sizeof(T));
    }
  });
}

template <class W>
void RowDecoder<W>::finish() {
  if (payload_.encoding == Encoding::byte_offset && !byte_offset_.finish())
    fail_stream(byte_offset_.status(), payload_);
}

template <class W>
std::optional<std::uint64_t> RowDecoder<W>::wrapped_pixel() const {
  if (payload_.encoding != Encoding::byte_offset || !byte_offset_.status().wrapped) return {};
  return byte_offset_.status().wrapped_pixel;
}

template class RowDecoder<std::int32_t>;
template class RowDecoder<std::int64_t>;
template class RowDecoder<float>;
template class RowDecoder<double>;

std::optional<std::uint64_t> decode_all(const Payload& payload, std::span<std::byte> out) {
  return visit_type(payload.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = WorkType<T>;
    RowDecoder<W> decoder;
    decoder.open(payload);
    const std::size_t count = out.size() / sizeof(T);
    if constexpr (sizeof(T) == sizeof(W)) {
      decoder.read(reinterpret_cast<W*>(out.data()), count, count);
    } else {
      constexpr std::size_t piece = 4096;
      Buffer<W> values(piece + 64);
      for (std::size_t done = 0; done < count; done += piece) {
        const std::size_t n = std::min(piece, count - done);
        decoder.read(values.data(), n, piece + 64);
        auto* to = reinterpret_cast<T*>(out.data()) + done;
        for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<T>(values[i]);
      }
    }
    decoder.finish();
    return decoder.wrapped_pixel();
  });
}

}  // namespace quickbeam::kernels
