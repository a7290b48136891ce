// SPDX-License-Identifier: BSD-3-Clause
// Bytes at any place of a file, on disk or in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "io/input_file.hpp"
#include "io/mapped_file.hpp"

namespace quickbeam::io {

/// Read-only, of a size fixed when it was opened. All calls are thread-safe.
class ByteSource {
 public:
  using Piece = std::span<std::byte>;
  static constexpr std::size_t most_pieces = 1024;  ///< IOV_MAX of Linux

  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;

  /// Fills `pieces` one after the other with the bytes from `offset` on. At most most_pieces.
  /// Returns the bytes read: fewer than asked for only where the file ends. Throws Error IO.
  virtual std::uint64_t read(std::uint64_t offset, std::span<const Piece> pieces) const = 0;

  std::uint64_t read(std::uint64_t offset, Piece piece) const {
    return read(offset, std::span(&piece, 1));
  }

  /// The file where it lies in the page cache; null where there is none or that is not allowed.
  virtual const MappedFile* mapped() const { return nullptr; }
};

/// A plain file, read by preadv; short reads and interruptions are continued.
class PlainFile final : public ByteSource {
 public:
  /// Throws Error as InputFile does.
  explicit PlainFile(std::string path) : path_(std::move(path)), file_(path_) {}
  std::uint64_t size() const override { return file_.size(); }
  std::uint64_t read(std::uint64_t offset, std::span<const Piece> pieces) const override;
  using ByteSource::read;
  const MappedFile* mapped() const override;

 private:
  std::string path_;
  InputFile file_;
  mutable std::once_flag mapping_;
  mutable std::unique_ptr<MappedFile> mapped_;  ///< made when first asked for
};

/// Borrowed bytes.
class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  std::uint64_t read(std::uint64_t offset, std::span<const Piece> pieces) const override;
  using ByteSource::read;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace quickbeam::io
