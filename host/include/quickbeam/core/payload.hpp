// SPDX-License-Identifier: BSD-3-Clause
// The pixels of one frame as they stand in the file: io describes them, kernels decode them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/pixel_type.hpp>

namespace quickbeam {

/// How pixel values are stored.
enum class Encoding : std::uint8_t {
  raw,          ///< plain values in `order` (x-CBF_NONE, npy, mrc)
  byte_offset,  ///< x-CBF_BYTE_OFFSET
  packed,       ///< x-CBF_PACKED
  packed_v2,    ///< x-CBF_PACKED_V2
};

constexpr std::string_view name_of(Encoding encoding) {
  constexpr std::string_view names[] = {"raw", "byte-offset", "packed", "packed-v2"};
  return names[static_cast<std::size_t>(encoding)];
}

enum class ByteOrder : std::uint8_t { little, big };

/// Borrowed, still encoded pixels of one frame (or of all frames of one stream, see `depth`).
struct Payload {
  Encoding encoding = Encoding::raw;
  ByteOrder order =
      ByteOrder::little;  ///< of raw values; the CBF codes are little-endian by definition
  PixelType type = PixelType::i32;  ///< element type of the decoded image
  Extent extent{};
  std::int64_t depth = 1;  ///< images in this stream, one after the other (third dimension)
  /// Packed only: predict from the previous pixel, not from the rows above. Set by the conversion
  /// parameter "flat", and in a section whose MIME header gives no dimensions at all.
  bool flat = false;
  /// Packed only, conversion parameter "uncorrelated_sections": no prediction from the image
  /// before.
  bool uncorrelated_sections = false;
  std::span<const std::byte> bytes;  ///< exactly the encoded bytes, padding not included
};

}  // namespace quickbeam
