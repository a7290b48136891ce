// SPDX-License-Identifier: BSD-3-Clause
// The first bytes of a gzip or bzip2 file, to see what is in it before all of it is unpacked.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quickbeam::io {

/// Stored bytes that always hold the first block: bzip2's are below 1 MiB.
inline constexpr std::size_t head_bytes_stored = std::size_t{1} << 20;

/// The first `count` bytes inside the container that begins with `stored`; fewer where it ends or
/// is damaged before. Throws std::bad_alloc only.
std::vector<std::byte> unpack_head(std::span<const std::byte> stored, std::size_t count);

}  // namespace quickbeam::io
