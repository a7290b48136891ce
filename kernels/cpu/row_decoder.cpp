// SPDX-License-Identifier: BSD-3-Clause
// Any encoding, row by row, in the working type.
#include "kernels/row_decoder.hpp"

#include <algorithm>
#include <string>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/cpu/plain_values.hpp"
#include "kernels/packed.hpp"

namespace quickbeam::kernels {
namespace {

std::uint64_t pixel_count(const Payload& payload) {
  return static_cast<std::uint64_t>(payload.extent.pixels()) *
         static_cast<std::uint64_t>(payload.depth);
}

std::uint64_t stored_byte_count(const Payload& payload) {
  return stored_image_bytes(payload.encoding, payload.type, payload.extent) *
         static_cast<std::uint64_t>(payload.depth);
}

void check_plain_size(const Payload& payload) {
  const std::uint64_t expected = stored_byte_count(payload), found = payload.bytes.size();
  if (expected == found) return;
  fail({.code = found < expected ? ErrorCode::truncated : ErrorCode::inconsistent,
        .format = "raw pixels",
        .field = "data",
        .offset = std::min(expected, found),
        .expected = std::to_string(expected) + " bytes",
        .found = std::to_string(found)});
}

[[noreturn]] void fail_stream(const StreamStatus& status, const Payload& payload) {
  fail(stream_error(status, pixel_count(payload), payload.bytes.size()));
}

}  // namespace

template <class W>
void RowDecoder<W>::open(const Payload& payload) {
  payload_ = payload;
  plain_ = {};
  column_ = 0;
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
      plain_ = unpacked_.resize(pixel_count(payload) * size_of(payload.type));
      decode_packed(payload, unpacked_.span());
      payload_.order = ByteOrder::little;
      payload_.encoding = Encoding::raw;
      return;
    default:
      check_plain_size(payload);
      plain_ = payload.bytes;
      return;
  }
}

template <class W>
void RowDecoder<W>::read(W* out, std::size_t count, std::size_t writable) {
  if (payload_.encoding != Encoding::byte_offset) return read_plain(out, count);
  if constexpr (std::is_integral_v<W>)
    if (!byte_offset_.read(out, count, writable)) fail_stream(byte_offset_.status(), payload_);
}

template <class W>
void RowDecoder<W>::read_plain(W* out, std::size_t count) {
  const PlainPixels from{plain_, payload_, column_};
  plain_ = plain_.subspan(decode_plain(from, out, count));
  const auto width = static_cast<std::size_t>(payload_.extent.width);
  if (width != 0) column_ = (column_ + count) % width;
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

std::optional<std::uint64_t> decode_to_doubles(const Payload& payload,
                                               const std::optional<MaskRule>& rule,
                                               std::span<double> out) {
  return visit_type(payload.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = WorkType<T>;
    const auto valid = valid_range<T>(rule.value_or(MaskRule{}));
    RowDecoder<W> decoder;
    decoder.open(payload);
    constexpr std::size_t piece = 4096;
    Buffer<W> values(piece + 64);
    for (std::size_t done = 0; done < out.size(); done += piece) {
      const std::size_t n = std::min(piece, out.size() - done);
      decoder.read(values.data(), n, piece + 64);
      for (std::size_t i = 0; i < n; ++i)
        out[done + i] =
            rule && !valid(values[i]) ? quiet_nan<double> : static_cast<double>(values[i]);
    }
    decoder.finish();
    return decoder.wrapped_pixel();
  });
}

}  // namespace quickbeam::kernels
