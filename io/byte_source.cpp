// SPDX-License-Identifier: BSD-3-Clause
// Scattered reads from a file or from memory.
#include "io/byte_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include <sys/uio.h>
#include <unistd.h>

#include <quickbeam/core/error.hpp>

#include "io/system_error.hpp"

namespace quickbeam::io {
namespace {

/// Pieces as preadv takes them, of which the first bytes can be ticked off.
class Vectors {
 public:
  explicit Vectors(std::span<const ByteSource::Piece> pieces)
      : count_(std::min(pieces.size(), ByteSource::most_pieces)) {
    for (std::size_t i = 0; i < count_; ++i) all_[i] = {pieces[i].data(), pieces[i].size()};
    skip(0);
  }
  bool empty() const { return first_ == count_; }
  ssize_t read(int fd, std::uint64_t offset) const {
    return ::preadv(fd, all_.data() + first_, static_cast<int>(count_ - first_),
                    static_cast<off_t>(offset));
  }
  void skip(std::size_t bytes) {
    for (; first_ < count_ && all_[first_].iov_len <= bytes; ++first_)
      bytes -= all_[first_].iov_len;
    if (first_ == count_) return;
    all_[first_].iov_base = static_cast<std::byte*>(all_[first_].iov_base) + bytes;
    all_[first_].iov_len -= bytes;
  }

 private:
  std::array<iovec, ByteSource::most_pieces> all_;
  std::size_t count_, first_ = 0;
};

}  // namespace

std::uint64_t PlainFile::read(std::uint64_t offset, std::span<const Piece> pieces) const {
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return 0;
  Vectors vectors(pieces);
  std::uint64_t done = 0;
  while (!vectors.empty()) {
    const ssize_t n = vectors.read(file_.descriptor(), offset + done);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system(path_, "read", errno, offset + done);
    done += static_cast<std::uint64_t>(n);
    vectors.skip(static_cast<std::size_t>(n));
  }
  return done;
}

const MappedFile* PlainFile::mapped() const {
  std::call_once(mapping_, [this] { mapped_ = MappedFile::map(file_.descriptor(), size()); });
  return mapped_.get();
}

std::uint64_t MemoryBytes::read(std::uint64_t offset, std::span<const Piece> pieces) const {
  auto rest =
      bytes_.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size())));
  std::uint64_t done = 0;
  for (const Piece piece : pieces) {
    const std::size_t n = std::min(piece.size(), rest.size());
    if (n != 0) std::memcpy(piece.data(), rest.data(), n);
    rest = rest.subspan(n);
    done += n;
  }
  return done;
}

}  // namespace quickbeam::io
