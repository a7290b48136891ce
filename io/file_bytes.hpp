// SPDX-License-Identifier: BSD-3-Clause
// Whole files into reusable memory, .gz and .bz2 unpacked on the way (found by their magic bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>

#include <quickbeam/core/buffer.hpp>

#include "io/unpack.hpp"

namespace quickbeam::io {

/// A file's contents, borrowed from the FileReader until its next read.
struct FileBytes {
  std::span<const std::byte>
      bytes;  ///< unpacked; Buffer<std::byte>::padding_bytes more are readable
  Compression compression = Compression::none;
  std::uint64_t stored_size = 0;  ///< bytes on disk
};

/// Limits checked before memory is taken.
struct FileLimits {
  std::uint64_t max_stored_bytes = std::uint64_t{1} << 40;
  std::uint64_t max_unpacked_bytes = std::uint64_t{8} << 30;  ///< of a compressed file
};

/// Reads one file after the other into the same memory. Not thread-safe: one per thread.
class FileReader {
 public:
  /// Keeps the bytes in memory of `resource`, see Buffer.
  explicit FileReader(std::pmr::memory_resource* resource = nullptr)
      : stored_(resource), unpacked_(resource) {}

  /// Opens with O_NONBLOCK|O_CLOEXEC, requires a regular file, uses read (never mmap: a writer that
  /// truncates must not kill the process). Multi-member gzip and multi-stream bzip2 are joined.
  /// Throws Error: NOT_FOUND, IO (errno named; a directory, FIFO or device named as such),
  /// TRUNCATED / BAD_STREAM / CHECKSUM for broken containers, LIMIT beyond `limits` or the memory.
  /// Reads the size the file has when it is opened: what a writer adds meanwhile is left out.
  FileBytes read(const std::string& path, const FileLimits& limits = {});

 private:
  Buffer<std::byte> stored_;
  Buffer<std::byte> unpacked_;
  Unpacker unpacker_;
};

}  // namespace quickbeam::io
