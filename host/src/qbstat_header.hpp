// SPDX-License-Identifier: BSD-3-Clause
// The header of a .qbstat file: which groups and nodes it holds; all other sizes follow from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/src/qbstat.hpp"

namespace quickbeam::qbstat {

/// Magic, version, CRC of the header behind it, bytes of the header (these included), of the file.
inline constexpr std::size_t prefix_bytes = 32;
/// Rows that share a CRC.
inline constexpr std::uint64_t chunk_rows = 1024;
/// A row without its name: position, bytes of the name, counted, missing, mean, M2, min, max.
inline constexpr std::uint64_t row_bytes = 56;
inline constexpr std::uint64_t crc_bytes = 4;
/// Begins the rows of a chunk: the bytes of its names.
inline constexpr std::uint64_t chunk_head_bytes = 4;

/// Bytes of the planes of `pixels` pixels, without their CRC.
constexpr std::uint64_t planes_bytes(kernels::MomentKind kind, std::uint64_t pixels) {
  return pixels * (kind == kernels::MomentKind::sums ? 4 * 8 : 4 * 8 + 4);
}

std::vector<std::byte> encode_header(std::span<const QbstatGroup> groups, const std::string& path);

/// What the first prefix_bytes say, checked against the file's size.
struct Prefix {
  std::uint32_t crc = 0;
  std::uint64_t header_bytes = 0;
};
Prefix decode_prefix(std::span<const std::byte> prefix, std::uint64_t file_bytes,
                     const std::string& path);

/// `header`: header_bytes bytes, the prefix included.
std::vector<QbstatGroup> decode_header(std::span<const std::byte> header, const Prefix& prefix,
                                       const std::string& path);

[[noreturn]] void refuse(ErrorCode code, const std::string& path, std::string_view field,
                         std::uint64_t offset, std::string expected, std::string found);

}  // namespace quickbeam::qbstat
