// SPDX-License-Identifier: BSD-3-Clause
// A file changed in place, by one process at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace quickbeam::io {

/// Opens an existing regular file for writing and takes an advisory lock (flock) on it. A symbolic
/// link is refused. Throws Error NOT_FOUND, IO with errno named.
class UpdateFile {
 public:
  explicit UpdateFile(std::string path);
  UpdateFile(const UpdateFile&) = delete;
  UpdateFile& operator=(const UpdateFile&) = delete;
  ~UpdateFile();

  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Closes, checked. Nothing may follow.
  void commit();

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace quickbeam::io
