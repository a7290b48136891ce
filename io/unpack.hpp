// SPDX-License-Identifier: BSD-3-Clause
// gzip (RFC 1952) and bzip2 containers, unpacked from memory into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <quickbeam/core/buffer.hpp>

struct libdeflate_decompressor;

namespace quickbeam::io {

enum class Compression : std::uint8_t { none, gzip, bzip2 };

/// The container the bytes start with, told by its magic bytes.
Compression compression_of(std::span<const std::byte> bytes);

/// What to unpack, and how far.
struct UnpackTask {
  std::span<const std::byte> stored;
  std::string path;                                  ///< for messages
  std::uint64_t max_bytes = std::uint64_t{8} << 30;  ///< of the unpacked contents
};

/// Unpacks whole containers; keeps its working memory between calls. Not thread-safe.
/// Members (gzip) and streams (bzip2) that follow each other are joined; zero bytes after the last
/// one are padding. Throws Error: TRUNCATED where the bytes end too early, BAD_STREAM for damage
/// and for other trailing bytes, CHECKSUM for a gzip CRC or length that does not match, LIMIT
/// beyond `max_bytes`. Offsets in errors count stored bytes.
class Unpacker {
 public:
  std::span<const std::byte> gunzip(const UnpackTask& task, Buffer<std::byte>& out);
  std::span<const std::byte> bunzip2(const UnpackTask& task, Buffer<std::byte>& out);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* inflater) const noexcept;
  };
  std::unique_ptr<libdeflate_decompressor, Free> inflater_;
};

}  // namespace quickbeam::io
