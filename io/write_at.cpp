// SPDX-License-Identifier: BSD-3-Clause
// Positioned writes.
#include "io/write_at.hpp"

#include <cerrno>
#include <limits>

#include <unistd.h>

namespace quickbeam::io {

std::optional<int> write_all_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (offset > most || bytes.size() > most - offset) return EFBIG;
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 ? EIO : errno;
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return std::nullopt;
}

}  // namespace quickbeam::io
