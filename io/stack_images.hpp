// SPDX-License-Identifier: BSD-3-Clause
// The images of an open stack, read in as few system calls as there can be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/byte_source.hpp"
#include "io/fault_report.hpp"
#include "io/spider.hpp"
#include "io/stack_file.hpp"

namespace quickbeam::io {

/// Looks at the header of every run that begins among the images read. What is given outlives it.
/// All throw Error: TRUNCATED when the file was cut since it was opened, INCONSISTENT for a Spider
/// image whose own header does not fit the stack's, IO. Images exist and `out` has room for them.
class StackImages {
 public:
  StackImages(const StackInfo& info, const ByteSource& source, const std::string& path);

  void read(std::int64_t first, std::int64_t count, std::span<std::byte> out) const;

  /// Part of every image, as many as fill `out`: `bytes` from `skip` on. Without headers.
  void read_parts(std::int64_t first, std::uint64_t skip, std::size_t bytes,
                  std::span<std::byte> out) const;

  /// Only the headers of the runs that begin among these images.
  void check_headers(std::int64_t first, std::int64_t count) const;

 private:
  using Header = std::array<std::byte, spider_checked_bytes>;

  std::int64_t rest_of_run(std::int64_t first, std::int64_t count) const;
  /// These return how many images they read. Up to the end of the run that `first` is in:
  std::int64_t read_run(std::int64_t first, std::int64_t count, std::span<std::byte> out) const;
  /// The same, after a look at its header.
  std::int64_t read_far_run(std::int64_t first, std::int64_t count, std::span<std::byte> out) const;
  /// Several runs and their headers.
  std::int64_t read_runs(std::int64_t first, std::int64_t count, std::span<std::byte> out) const;
  void check_header_of(std::int64_t k) const;
  void check(const Header& header, std::int64_t k) const;
  void read_pieces(std::uint64_t offset, std::span<const ByteSource::Piece> pieces,
                   std::int64_t first) const;

  const StackInfo& info_;
  const StackLayout& layout_;
  const ByteSource& source_;
  const std::string& path_;
  std::vector<std::string> ignored_;
  FaultReport report_;
};

}  // namespace quickbeam::io
