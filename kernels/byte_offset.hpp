// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_BYTE_OFFSET: a running sum of deltas of 1, 3, 7 or 15 bytes (CBFlib manual, section 3.3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/core/payload.hpp>

namespace quickbeam::kernels {

/// Why a stream cannot be decoded.
enum class StreamFault : std::uint8_t {
  none,
  ends_in_escape,  ///< the stream ends inside an escape
  ends_early,      ///< the stream ends, cleanly, before all pixels are there
  bytes_left,      ///< all pixels are there, and bytes are left over
  out_of_range,    ///< a value does not fit the element type
};

/// What is known after decoding. Exact operation: the same on every SIMD target and device.
struct StreamStatus {
  StreamFault fault = StreamFault::none;
  std::uint64_t pixel = 0;  ///< pixel of the fault, from 0
  std::uint64_t byte = 0;   ///< byte of the fault in the stream
  bool wrapped = false;  ///< a running sum left the element type and wrapped modulo 2^n (accepted)
  std::uint64_t wrapped_pixel = 0;  ///< the first pixel that did
};

/// The error of a faulty status, in the words every backend uses. `total` = pixels expected,
/// `size` = bytes in the stream. Offsets are relative to the stream. Precondition: fault != none.
ErrorInfo stream_error(const StreamStatus& status, std::uint64_t total, std::uint64_t size);

/// Where a decoder stands in its stream.
struct ByteOffsetState {
  std::span<const std::byte> stream;
  PixelType type = PixelType::i32;
  std::int64_t value = 0;  ///< the running sum, modulo 2^64 for u64
  std::uint64_t pixels = 0;
  std::uint64_t position = 0;
  StreamStatus status;
};

/// What the decoders below have in common: all but the way the pixels are summed up.
class ByteOffsetStream {
 public:
  /// After the last pixel: the fault bytes_left unless every byte was consumed.
  bool finish();
  const StreamStatus& status() const { return state_.status; }
  std::uint64_t pixels() const { return state_.pixels; }      ///< decoded so far
  std::uint64_t position() const { return state_.position; }  ///< bytes consumed so far

 protected:
  ByteOffsetStream() = default;
  ByteOffsetStream(std::span<const std::byte> stream, PixelType type) {
    state_.stream = stream;
    state_.type = type;
  }

  ByteOffsetState state_;
};

/// Decodes a stream in pieces of any length; the stream is read once, from front to back.
/// Types: i8, u8, i16, u16, i32 are decoded to int32_t, u32, i64, u64 to int64_t (u64 values of
/// 2^63 or more come out negative). No allocation; never reads outside the stream.
///
/// A sum that leaves i32 or u32 wraps modulo 2^32, one that leaves i64 or u64 modulo 2^64; status()
/// says so. Faults: a value that does not fit i8, u8, i16 or u16; for i32 and u32 an 8-byte delta
/// beyond +-(2^32-1), which no two values of the type differ by. At a fault, pixels() and
/// position() stay at the faulty pixel and the first byte of its code.
class ByteOffsetDecoder : public ByteOffsetStream {
 public:
  ByteOffsetDecoder() = default;
  ByteOffsetDecoder(std::span<const std::byte> stream, PixelType type)
      : ByteOffsetStream(stream, type) {}

  /// Decodes the next `count` pixels to `out`. Elements out[count .. writable) may be overwritten
  /// with anything (writable >= count; +64 lets the vector loop run to the end of a row).
  /// Returns false at a fault, see status(). Precondition: the type is one of those above for
  /// this element width.
  bool read(std::int32_t* out, std::size_t count, std::size_t writable);
  bool read(std::int64_t* out, std::size_t count, std::size_t writable);
};

/// The SIMD target that ByteOffsetDecoder runs on, as Highway names it ("AVX3_DL").
std::string_view byte_offset_target();

/// The plain serial decoder, the oracle of the one above: same results, same faults.
class SerialByteOffsetDecoder : public ByteOffsetStream {
 public:
  SerialByteOffsetDecoder() = default;
  SerialByteOffsetDecoder(std::span<const std::byte> stream, PixelType type)
      : ByteOffsetStream(stream, type) {}

  /// As ByteOffsetDecoder::read; writes nothing beyond out[count).
  bool read(std::int32_t* out, std::size_t count, std::size_t writable);
  bool read(std::int64_t* out, std::size_t count, std::size_t writable);
};

/// Encodes pixels; appends nothing, replaces the contents of `out`, returns the bytes.
/// Deltas are taken in exact arithmetic (128-bit safe for 64-bit types), so INT_MIN and jumps of
/// 2^32-1 are right; escapes hold +-127, +-32767, +-2147483647 as every encoder in the field does.
template <class T>
std::span<const std::byte> encode_byte_offset(std::span<const T> pixels, Buffer<std::byte>& out);

}  // namespace quickbeam::kernels
