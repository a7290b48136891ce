// SPDX-License-Identifier: BSD-3-Clause
// What a reader says of a file: the facts of its header and where its pixels are, still encoded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/payload.hpp>

namespace quickbeam::io {

/// One run of encoded pixels in a file, `payload.depth` images long.
struct Stream {
  Payload payload;
  std::uint64_t offset = 0;      ///< of payload.bytes in the (unpacked) file
  std::string md5;               ///< base64 digest the file promises; empty = none
  std::uint64_t md5_offset = 0;  ///< of the digest in the file
};

/// A described file. Borrows the bytes it was parsed from.
struct ImageFile {
  std::string format;  ///< "CBF", "NPY", "MRC", "Spider"
  std::string header;  ///< the detector's text header as it stands, for `info`
  FrameInfo info;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< what else a stack's header says
  std::vector<Stream> streams;

  /// Images in all streams.
  std::int64_t frames() const {
    std::int64_t n = 0;
    for (const auto& stream : streams) n += stream.payload.depth;
    return n;
  }
};

enum class Strictness : std::uint8_t {
  lenient,
  strict
};  ///< strict: an accepted oddity is an error

struct ReadOptions {
  Strictness strictness = Strictness::lenient;
  std::uint64_t header_limit = std::uint64_t{1} << 20;  ///< longest text header accepted, bytes
};

/// Parses a file whose bytes are in memory, whatever its format: found by its bytes, then by its
/// name. Throws Error; NOT_THIS_FORMAT says what the bytes look like where that can be told.
ImageFile parse_image_file(std::span<const std::byte> bytes, const std::string& path,
                           const ReadOptions& options = {});

/// Whether the name is that of a format whose files are read whole (CBF, NPY), not of a stack.
bool is_frame_name(std::string_view path);

/// Compares a stream with the digest the file promises. Throws Error CHECKSUM, or BAD_FIELD when
/// the digest is not base64 of 16 bytes. Nothing to compare with = fine.
void check_md5(const Stream& stream, const std::string& path, std::string_view format);

}  // namespace quickbeam::io
