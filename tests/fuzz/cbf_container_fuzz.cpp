// SPDX-License-Identifier: BSD-3-Clause
// Any bytes give a described file within its documented limits, or an Error.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "io/image_file.hpp"

namespace {

using namespace quickbeam;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Pixels a byte of the encoding can stand for, times the bytes there are.
void check_limits(const Payload& payload) {
  __extension__ using Wide = unsigned __int128;
  require(payload.extent.width > 0 && payload.extent.height > 0 && payload.depth > 0);
  const Wide pixels = static_cast<Wide>(payload.extent.width) *
                      static_cast<Wide>(payload.extent.height) * static_cast<Wide>(payload.depth);
  const Wide bytes = payload.bytes.size();
  switch (payload.encoding) {
    case Encoding::raw:
      return require(pixels * size_of(payload.type) == bytes);
    case Encoding::byte_offset:
      return require(pixels <= bytes && !is_floating(payload.type));
    case Encoding::packed:
    case Encoding::packed_v2:
      return require(pixels <= bytes * 171);
    default:
      return require(false);  // no encoding of CBF
  }
}

void check_file(std::span<const std::byte> bytes, const io::ImageFile& file) {
  require(!file.streams.empty() && file.frames() > 0);
  require(file.info.notices.size() <= 128);
  for (const auto& stream : file.streams) {
    require(stream.offset <= bytes.size());
    require(stream.payload.bytes.size() <= bytes.size() - stream.offset);
    require(stream.payload.bytes.data() == bytes.data() + stream.offset);
    check_limits(stream.payload);
    try {
      io::check_md5(stream, "x.cbf", file.format);
    } catch (const Error& error) {
      require(error.code() == ErrorCode::checksum || error.code() == ErrorCode::bad_field);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  bool accepted = false;
  for (const auto strictness : {io::Strictness::strict, io::Strictness::lenient}) try {
      const auto file =
          io::parse_cbf(bytes, "x.cbf", {.strictness = strictness, .header_limit = 2048});
      check_file(bytes, file);
      accepted = true;
    } catch (const Error& error) {
      // Lenient accepts all that strict accepts.
      require(strictness == io::Strictness::strict || !accepted);
      require(error.info().path == "x.cbf" && error.info().offset <= size);
    }
  try {
    io::parse_image_file(bytes, "x.cbf");
  } catch (const Error&) {
  }
  return 0;
}
