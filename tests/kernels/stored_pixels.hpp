// SPDX-License-Identifier: BSD-3-Clause
// The same pixels stored in every encoding, for the tests of decoders.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include <quickbeam/core/payload.hpp>

#include "kernels/byte_offset.hpp"
#include "tests/oracle/packed_encoder.hpp"

namespace quickbeam::test {

/// A payload that owns its bytes.
struct Stored {
  Payload description;
  std::vector<std::byte> bytes;
  Payload payload() const {
    Payload p = description;
    p.bytes = bytes;
    return p;
  }
};

/// Mostly small counts, now and then the smallest and the largest value of the type.
template <class T>
std::vector<T> some_pixels(std::int64_t count, std::uint32_t seed) {
  using Limits = std::numeric_limits<T>;
  std::mt19937 random(seed);
  std::vector<T> pixels;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto kind = random() % 16;
    pixels.push_back(kind == 0   ? Limits::lowest()
                     : kind == 1 ? Limits::max()
                                 : static_cast<T>(random() % 100));
  }
  return pixels;
}

template <class T>
std::vector<std::byte> raw_bytes(const std::vector<T>& pixels, ByteOrder order) {
  std::vector<std::byte> bytes(pixels.size() * sizeof(T));
  if (!pixels.empty()) std::memcpy(bytes.data(), pixels.data(), bytes.size());
  if (order == ByteOrder::big)
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
      std::reverse(bytes.data() + i, bytes.data() + i + sizeof(T));
  return bytes;
}

/// Real pixels are packed as the integers of the same bits.
template <class T>
std::vector<std::byte> packed_bytes(const std::vector<T>& pixels,
                                    const oracle::PackedShape& shape) {
  using I = std::conditional_t<
      sizeof(T) == 1, std::int8_t,
      std::conditional_t<sizeof(T) == 2, std::int16_t,
                         std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>;
  std::vector<I> bits(pixels.size());
  std::memcpy(bits.data(), pixels.data(), pixels.size() * sizeof(T));
  return oracle::encode_packed<I>(bits, shape);
}

template <class T>
std::vector<Stored> every_encoding(const std::vector<T>& pixels, Extent extent,
                                   std::int64_t depth) {
  std::vector<Stored> all;
  const auto add = [&](Encoding encoding, ByteOrder order, std::vector<std::byte> bytes) {
    Payload p;
    p.encoding = encoding;
    p.order = order;
    p.type = pixel_type_of<T>();
    p.extent = extent;
    p.depth = depth;
    all.push_back({p, std::move(bytes)});
  };
  for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
    add(Encoding::raw, order, raw_bytes(pixels, order));
  if constexpr (std::is_integral_v<T>) {
    Buffer<std::byte> out;
    const auto stream = kernels::encode_byte_offset<T>(pixels, out);
    add(Encoding::byte_offset, ByteOrder::little, {stream.begin(), stream.end()});
  }
  if (extent.width < 2) return all;  // libcbf writes such images ambiguously: not decoded
  for (const bool v2 : {false, true})
    add(v2 ? Encoding::packed_v2 : Encoding::packed, ByteOrder::little,
        packed_bytes(
            pixels,
            {.width = extent.width, .height = extent.height, .depth = depth, .version_2 = v2}));
  return all;
}

}  // namespace quickbeam::test
