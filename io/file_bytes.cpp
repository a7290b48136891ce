// SPDX-License-Identifier: BSD-3-Clause
// Reads whole files with as few system calls and copies as there can be.
#include "io/file_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/input_file.hpp"
#include "io/system_error.hpp"

namespace quickbeam::io {

namespace {

void check_size(std::uint64_t size, const std::string& path, const FileLimits& limits) {
  if (size > limits.max_stored_bytes)
    fail({.code = ErrorCode::limit,
          .path = path,
          .field = "file size",
          .expected = "at most " + std::to_string(limits.max_stored_bytes) + " bytes",
          .found = std::to_string(size)});
}

/// Fills `room`; returns how much there was, less when the file shrank meanwhile.
std::size_t read_all(int fd, std::span<std::byte> room, const std::string& path) {
  std::size_t done = 0;
  while (done < room.size()) {
    const ssize_t n = ::read(fd, room.data() + done, room.size() - done);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path, "read", errno, done);
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::span<const std::byte> read_stored(const std::string& path, const FileLimits& limits,
                                       Buffer<std::byte>& buffer) {
  const InputFile file(path);
  check_size(file.size(), path, limits);
  const auto room = buffer.resize(static_cast<std::size_t>(file.size()));
  return room.first(read_all(file.descriptor(), room, path));
}

}  // namespace

FileBytes FileReader::read(const std::string& path, const FileLimits& limits) try {
  const auto stored = read_stored(path, limits, stored_);
  const UnpackTask task{stored, path, limits.max_unpacked_bytes};
  FileBytes file{stored, compression_of(stored), stored.size()};
  if (file.compression == Compression::gzip) file.bytes = unpacker_.gunzip(task, unpacked_);
  if (file.compression == Compression::bzip2) file.bytes = unpacker_.bunzip2(task, unpacked_);
  return file;
} catch (const std::bad_alloc&) {
  fail({.code = ErrorCode::limit,
        .path = path,
        .field = "memory",
        .expected = "room for the file",
        .found = "none"});
}

}  // namespace quickbeam::io
