// SPDX-License-Identifier: BSD-3-Clause
// .qbstat files: partial statistics on their way to a merge. Little-endian, every part with a
// CRC-32; the layout is in docs/decisions/0022.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/src/statistics_facts.hpp"
#include "io/atomic_file.hpp"
#include "io/byte_source.hpp"

namespace quickbeam {

inline constexpr std::uint32_t qbstat_version = 2;

/// A group as a file holds it.
struct QbstatGroup {
  GroupFacts facts{};
  std::vector<NodeFacts> nodes{};  ///< by ascending leaf, none overlapping
  std::uint64_t rows = 0, name_bytes = 0;
};

/// Where everything is in a file with these groups.
class QbstatLayout {
 public:
  QbstatLayout() = default;
  /// `header_bytes` includes the prefix. Throws Error OVERFLOW.
  QbstatLayout(std::span<const QbstatGroup> groups, std::uint64_t header_bytes,
               const std::string& path);

  std::uint64_t planes(const QbstatGroup& group, std::size_t g, std::int64_t block,
                       std::size_t node) const;
  std::uint64_t rows(std::size_t g) const { return rows_[g]; }
  std::uint64_t file_bytes() const { return rows_.back(); }

 private:
  std::vector<std::uint64_t> planes_, rows_;  ///< of each group; rows_ has the file's end too
};

/// Writes a file; it appears at commit(), whole. One thread.
class QbstatWriter {
 public:
  /// `groups`: facts and the leaves of their nodes. Throws Error IO.
  QbstatWriter(const std::string& path, std::vector<QbstatGroup> groups);

  /// In any order, also again.
  void put(std::size_t group, std::int64_t block, std::size_t node,
           const kernels::PixelMoments& moments);

  using RowAt = std::function<ImageRow(std::uint64_t i, std::string& name)>;
  /// After all planes: group by group, in order, each once.
  void put_rows(std::uint64_t count, const RowAt& row);
  void commit();

 private:
  io::AtomicFile file_;
  std::vector<QbstatGroup> groups_;
  QbstatLayout layout_;
  std::size_t rows_done_ = 0;
  std::uint64_t end_ = 0;  ///< of what put_rows wrote
  std::vector<std::byte> scratch_;
};

/// An open file. Its header is checked against the size of the file before memory is taken.
class QbstatFile {
 public:
  /// Throws Error: NOT_THIS_FORMAT, UNSUPPORTED (version, other sizes of leaves), TRUNCATED,
  /// CHECKSUM, BAD_FIELD, what opening a file throws.
  explicit QbstatFile(const std::string& path);
  /// The bytes of a file in memory, which outlive this.
  QbstatFile(std::span<const std::byte> bytes, std::string path);

  const std::string& path() const { return path_; }
  std::span<const QbstatGroup> groups() const { return groups_; }

  /// Throws Error CHECKSUM, BAD_FIELD (numbers that cannot be), TRUNCATED, IO.
  void read(std::size_t group, std::int64_t block, std::size_t node,
            kernels::PixelMoments& moments) const;

  using TakeRow = std::function<void(const ImageRow& row, std::string_view name)>;
  void read_rows(std::size_t group, const TakeRow& take) const;

 private:
  void open();
  std::vector<std::byte> bytes_at(std::uint64_t offset, std::uint64_t count,
                                  std::string_view field) const;

  std::string path_;
  std::unique_ptr<io::ByteSource> source_;
  std::vector<QbstatGroup> groups_;
  QbstatLayout layout_;
};

}  // namespace quickbeam
