// SPDX-License-Identifier: BSD-3-Clause
// Reads whole files with as few system calls and copies as there can be.
#include "io/file_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/system_error.hpp"

namespace quickbeam::io {

namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { ::close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Opens without waiting for the other end of a FIFO.
int open_for_reading(const std::string& path) {
  if (path.find('\0') != std::string::npos) fail_system(path, "open", EINVAL);
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return fd;
  if (errno == ENOENT || errno == ENOTDIR)
    fail({.code = ErrorCode::not_found,
          .path = path,
          .field = "open",
          .expected = "an existing file",
          .found = errno_text(errno)});
  fail_system(path, "open", errno);
}

std::string_view kind_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "something else";
}

std::uint64_t checked_size(int fd, const std::string& path, const FileLimits& limits) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail_system(path, "fstat", errno);
  if (!S_ISREG(status.st_mode))
    fail({.code = ErrorCode::io,
          .path = path,
          .field = "open",
          .expected = "a regular file",
          .found = std::string(kind_name(status.st_mode))});
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > limits.max_stored_bytes)
    fail({.code = ErrorCode::limit,
          .path = path,
          .field = "file size",
          .expected = "at most " + std::to_string(limits.max_stored_bytes) + " bytes",
          .found = std::to_string(size)});
  return size;
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
  const FileDescriptor file(open_for_reading(path));
  const auto room = buffer.resize(static_cast<std::size_t>(checked_size(file.get(), path, limits)));
  return room.first(read_all(file.get(), room, path));
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
