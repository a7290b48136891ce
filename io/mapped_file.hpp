// SPDX-License-Identifier: BSD-3-Clause
// Files used where they lie in the page cache, by programs that allow it; see
// quickbeam/mapped_files.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quickbeam::io {

/// Behind quickbeam::allow_mapped_files.
void allow_mapped_files();

struct MappingGuard;

/// A whole file in memory, whose pages come and go. All calls are thread-safe.
class MappedFile {
 public:
  /// None where mapping is not allowed, the system refuses or too many files are mapped.
  /// `descriptor` outlives it.
  static std::unique_ptr<MappedFile> map(int descriptor, std::uint64_t size);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// These bytes where all of them are in the page cache, ready to be looked at; else nothing, and
  /// they are to be read. What is cut from the file meanwhile is 0: see is_intact.
  std::span<const std::byte> in_memory(std::uint64_t offset, std::size_t bytes) const;

  /// No longer needed: the pages do not count as memory of this process any more.
  void release(std::uint64_t offset, std::size_t bytes) const;

  /// Whether all bytes looked at until now were the file's. False once one of its pages could not
  /// be had or the file was found shorter than it was; then nothing is in_memory any more.
  bool is_intact() const;

 private:
  MappedFile(int descriptor, std::byte* begin, std::size_t size, MappingGuard& guard)
      : descriptor_(descriptor), begin_(begin), size_(size), guard_(guard) {}

  int descriptor_;
  std::byte* begin_;
  std::size_t size_;
  MappingGuard& guard_;
};

}  // namespace quickbeam::io
