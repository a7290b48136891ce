// SPDX-License-Identifier: BSD-3-Clause
// The serial byte-offset decoder, and what a fault is called.
#include <string>

#include "kernels/byte_offset.hpp"
#include "kernels/cpu/byte_offset_walk.hpp"

namespace quickbeam::kernels {
namespace {

template <class T, class Out>
bool read_as(ByteOffsetState& state, Out* out, std::size_t count) {
  if (state.status.fault != StreamFault::none) return false;
  return walk<T>(state, out, count);
}

}  // namespace

bool SerialByteOffsetDecoder::read(std::int32_t* out, std::size_t count, std::size_t) {
  switch (state_.type) {
    case PixelType::i8:
      return read_as<std::int8_t>(state_, out, count);
    case PixelType::u8:
      return read_as<std::uint8_t>(state_, out, count);
    case PixelType::i16:
      return read_as<std::int16_t>(state_, out, count);
    case PixelType::u16:
      return read_as<std::uint16_t>(state_, out, count);
    default:
      return read_as<std::int32_t>(state_, out, count);
  }
}

bool SerialByteOffsetDecoder::read(std::int64_t* out, std::size_t count, std::size_t) {
  switch (state_.type) {
    case PixelType::u32:
      return read_as<std::uint32_t>(state_, out, count);
    case PixelType::u64:
      return read_as<std::uint64_t>(state_, out, count);
    default:
      return read_as<std::int64_t>(state_, out, count);
  }
}

bool ByteOffsetStream::finish() {
  if (state_.status.fault != StreamFault::none) return false;
  if (state_.position == state_.stream.size()) return true;
  return stop(state_, StreamFault::bytes_left);
}

ErrorInfo stream_error(const StreamStatus& status, std::uint64_t total, std::uint64_t size) {
  ErrorInfo info;
  info.format = "CBF";
  info.field = "x-CBF_BYTE_OFFSET";
  info.offset = status.byte;
  const std::string pixel =
      "pixel " + std::to_string(status.pixel) + " of " + std::to_string(total);
  switch (status.fault) {
    case StreamFault::ends_in_escape:
      info.code = ErrorCode::bad_stream;
      info.expected = "a whole escape at " + pixel;
      info.found = "the end of the stream after " + std::to_string(size) + " bytes";
      break;
    case StreamFault::out_of_range:
      info.code = ErrorCode::bad_stream;
      info.expected = "values of the element type";
      info.found = "value out of range at " + pixel;
      break;
    case StreamFault::ends_early:
      info.code = ErrorCode::inconsistent;
      info.expected = std::to_string(total) + " pixels";
      info.found = "the end of the stream at " + pixel;
      break;
    default:
      info.code = ErrorCode::inconsistent;
      info.expected = "the end of the stream after " + std::to_string(total) + " pixels";
      info.found = std::to_string(size - status.byte) + " bytes left";
  }
  return info;
}

}  // namespace quickbeam::kernels
