// SPDX-License-Identifier: BSD-3-Clause
// Any encoding, row by row, in the working type: what every reduction reads its pixels from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/payload.hpp>

#include "kernels/byte_offset.hpp"

namespace quickbeam::kernels {

/// Decodes one payload after the other. W is the WorkType of the payload's pixel type. Byte-offset
/// and plain data are decoded as they are read; packed data, which refers back a whole plane, at
/// open. No allocation once a frame of the same size has been seen. Not thread-safe. Exact.
template <class W>
class RowDecoder {
 public:
  /// Starts at the first pixel. Throws Error when a plain payload is too short or too long for its
  /// extent, or a packed one cannot be decoded; offsets are relative to the payload.
  void open(const Payload& payload);
  /// The next `count` pixels; out[count .. writable) may be overwritten too. Throws Error.
  void read(W* out, std::size_t count, std::size_t writable);
  /// After the last pixel. Throws Error when bytes are left.
  void finish();
  /// The first pixel whose running sum left the element type and wrapped (accepted, worth a
  /// notice).
  std::optional<std::uint64_t> wrapped_pixel() const;

 private:
  void read_plain(W* out, std::size_t count);

  Payload payload_;
  std::span<const std::byte> plain_;  ///< values not yet read, of plain encodings and unpacked data
  std::size_t column_ = 0;            ///< of the next of them
  ByteOffsetDecoder byte_offset_;
  Buffer<std::byte> unpacked_;
};

/// Decodes a whole payload (all `depth` images) into contiguous memory of its own pixel type.
/// Throws Error. Returns the first wrapped pixel, if any.
std::optional<std::uint64_t> decode_all(const Payload& payload, std::span<std::byte> out);

/// Decodes a whole payload to doubles; pixels that are masked under `rule` (none: no pixel is)
/// become NaN. Integers beyond 2^53 are rounded. out.size() == the pixels. Throws Error. Returns
/// the first wrapped pixel, if any.
std::optional<std::uint64_t> decode_to_doubles(const Payload& payload,
                                               const std::optional<MaskRule>& rule,
                                               std::span<double> out);

}  // namespace quickbeam::kernels
