// SPDX-License-Identifier: BSD-3-Clause
// Writes beside the final name, then renames.
#include "io/atomic_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/system_error.hpp"
#include "io/write_at.hpp"

namespace quickbeam::io {

namespace {

constexpr std::size_t name_limit = 255;  // NAME_MAX of every file system in use
constexpr int attempts = 100;

std::uint64_t random_bits(const std::string& path) {
  std::uint64_t bits = 0;
  while (::getrandom(&bits, sizeof bits, 0) != sizeof bits)
    if (errno != EINTR) fail_system(path, "getrandom", errno);
  return bits;
}

/// `.<name>.<16 hex digits>.tmp` in the same folder, the name cut where that would be too long.
std::string temporary_for(const std::string& path) {
  const std::size_t name_at = path.rfind('/') + 1;  // npos + 1 == 0
  char suffix[22];
  const int length = std::snprintf(suffix, sizeof suffix, ".%016llx.tmp",
                                   static_cast<unsigned long long>(random_bits(path)));
  const std::size_t room = name_limit - 1 - static_cast<std::size_t>(length);
  return path.substr(0, name_at) + "." + path.substr(name_at, room) + suffix;
}

/// Finds out before any work what rename would refuse, and what it would destroy: a device node
/// or a FIFO must not become a regular file.
void check_target(const std::string& path) {
  if (path.find('\0') != std::string::npos) fail_system(path, "open", EINVAL);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT || path.empty() || path.back() == '/') fail_system(path, "open", errno);
    return;
  }
  if (S_ISDIR(status.st_mode)) fail_system(path, "open", EISDIR);
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
    fail({.code = ErrorCode::io,
          .path = path,
          .field = "open",
          .expected = "a regular file, a link to replace, or nothing",
          .found = "a device, FIFO or socket"});
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  check_target(path_);
  for (int i = 0; i < attempts && fd_ < 0; ++i) {
    temporary_ = temporary_for(path_);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno != EEXIST && errno != EINTR) break;
  }
  if (fd_ < 0) fail_system(path_, "open", errno);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (fd_ >= 0) (void)::close(std::exchange(fd_, -1));
  if (!temporary_.empty()) (void)::unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::refuse(std::string_view operation, int error) {
  discard();
  fail_system(path_, operation, error, written_);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (fd_ < 0) refuse("write", EBADF);
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) refuse("write", n == 0 ? EIO : errno);
    written_ += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (fd_ < 0) refuse("write", EBADF);
  if (const auto failed = write_all_at(fd_, offset, bytes)) refuse("write", *failed);
}

void AtomicFile::commit() {
  if (fd_ < 0) refuse("close", EBADF);
  // Network file systems report a failed write only here. Never a second close: Linux has freed
  // the number even when it says EINTR.
  if (::close(std::exchange(fd_, -1)) != 0) refuse("close", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) refuse("rename", errno);
  temporary_.clear();
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace quickbeam::io
