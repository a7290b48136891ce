// SPDX-License-Identifier: BSD-3-Clause
// Files that appear whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quickbeam::io {

/// Writes to a temporary file in the folder of `path` (O_EXCL, random suffix, O_NOFOLLOW), renamed
/// over `path` by commit. Destroyed without commit: the temporary is removed, the old file intact.
/// A symbolic link at `path` is replaced, never written through; a device, FIFO or directory there
/// is refused. Nothing is synced to disk. Throws Error IO with errno named.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// A failed write removes the temporary at once; every later call throws too.
  void write(std::span<const std::byte> bytes);
  /// At any place; what was never written reads as zeros. Does not move where write() goes on.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Closes (checked) and renames. After a failed close nothing is renamed.
  void commit();

 private:
  void discard() noexcept;
  /// Discards, then throws Error IO.
  [[noreturn]] void refuse(std::string_view operation, int error);

  std::string path_, temporary_;
  std::uint64_t written_ = 0;
  int fd_ = -1;
};

/// The whole file in one call.
void write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace quickbeam::io
