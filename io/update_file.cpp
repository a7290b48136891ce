// SPDX-License-Identifier: BSD-3-Clause
// Locks, then writes in place.
#include "io/update_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/system_error.hpp"
#include "io/write_at.hpp"

namespace quickbeam::io {
namespace {

int open_for_writing(const std::string& path) {
  if (path.find('\0') != std::string::npos) fail_system(path, "open", EINVAL);
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0 && errno == ENOENT)
    fail({.code = ErrorCode::not_found,
          .path = path,
          .field = "open",
          .expected = "an existing file",
          .found = errno_text(errno)});
  if (fd < 0) fail_system(path, "open", errno);
  return fd;
}

/// 0, or the errno of what stands against writing.
int lock(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EINVAL;
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

}  // namespace

UpdateFile::UpdateFile(std::string path) : path_(std::move(path)), fd_(open_for_writing(path_)) {
  if (const int error = lock(fd_); error != 0) {
    (void)::close(fd_);
    fail_system(path_, "lock", error);
  }
}

UpdateFile::~UpdateFile() {
  if (fd_ >= 0) (void)::close(fd_);
}

void UpdateFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (const auto failed = write_all_at(fd_, offset, bytes))
    fail_system(path_, "write", *failed, offset);
}

void UpdateFile::commit() {
  if (::close(std::exchange(fd_, -1)) != 0) fail_system(path_, "close", errno);
}

}  // namespace quickbeam::io
