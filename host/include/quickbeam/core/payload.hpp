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
  raw,            ///< plain values in `order` (x-CBF_NONE, npy, MRC, Spider)
  byte_offset,    ///< x-CBF_BYTE_OFFSET
  packed,         ///< x-CBF_PACKED
  packed_v2,      ///< x-CBF_PACKED_V2
  half,           ///< IEEE 754 binary16 in `order`, decoded to f32 (MRC mode 12)
  nibbles,        ///< 4 bits, the low ones first, rows of whole bytes, decoded to u8 (MRC mode 101)
  biased_bytes,   ///< signed bytes that hold value - 128, decoded to u8 (IMOD's mode 0)
  complex_int16,  ///< pairs (re, im) of i16 in `order`, decoded to their modulus, f32 (MRC mode 3)
  complex_float32,  ///< pairs of f32, likewise (MRC mode 4)
};

constexpr std::string_view name_of(Encoding encoding) {
  constexpr std::string_view names[] = {"raw",          "byte-offset",   "packed",
                                        "packed-v2",    "half",          "nibbles",
                                        "biased-bytes", "complex-int16", "complex-float32"};
  return names[static_cast<std::size_t>(encoding)];
}

/// Whether every row takes the same number of bytes: any image of a stream is found by counting.
constexpr bool is_plain(Encoding encoding) {
  return encoding == Encoding::raw || encoding >= Encoding::half;
}

/// Bytes a row of `width` pixels takes in the file. Precondition: is_plain(encoding).
constexpr std::uint64_t stored_row_bytes(Encoding encoding, PixelType type, std::uint64_t width) {
  switch (encoding) {
    case Encoding::half:
      return 2 * width;
    case Encoding::nibbles:
      return width / 2 + width % 2;
    case Encoding::biased_bytes:
      return width;
    case Encoding::complex_int16:
      return 4 * width;
    case Encoding::complex_float32:
      return 8 * width;
    default:
      return size_of(type) * width;
  }
}

/// Bytes an image takes in the file; the caller has checked that they fit. Precondition:
/// is_plain(encoding).
constexpr std::uint64_t stored_image_bytes(Encoding encoding, PixelType type, Extent extent) {
  return stored_row_bytes(encoding, type, static_cast<std::uint64_t>(extent.width)) *
         static_cast<std::uint64_t>(extent.height);
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
