// SPDX-License-Identifier: BSD-3-Clause
// Opening a regular file for reading: what every reader of io does first.
#pragma once

#include <cstdint>
#include <string>

namespace quickbeam::io {

/// A descriptor that closes itself, and the size the file had when it was opened.
class InputFile {
 public:
  /// O_NONBLOCK|O_CLOEXEC, a regular file required. Throws Error: NOT_FOUND, IO (errno named; a
  /// directory, FIFO or device named as such).
  explicit InputFile(const std::string& path);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  int descriptor() const { return fd_; }
  std::uint64_t size() const { return size_; }

 private:
  int fd_;
  std::uint64_t size_ = 0;
};

}  // namespace quickbeam::io
