// SPDX-License-Identifier: BSD-3-Clause
// Opens regular files only, and never waits for the other end of a FIFO.
#include "io/input_file.hpp"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/system_error.hpp"

namespace quickbeam::io {
namespace {

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

std::uint64_t checked_size(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail_system(path, "fstat", errno);
  if (!S_ISREG(status.st_mode))
    fail({.code = ErrorCode::io,
          .path = path,
          .field = "open",
          .expected = "a regular file",
          .found = std::string(kind_name(status.st_mode))});
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

InputFile::InputFile(const std::string& path) : fd_(open_for_reading(path)) {
  try {
    size_ = checked_size(fd_, path);
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

InputFile::~InputFile() { ::close(fd_); }

}  // namespace quickbeam::io
