// SPDX-License-Identifier: BSD-3-Clause
// pwrite, all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace quickbeam::io {

/// Writes all bytes at `offset`, going on after interruptions and short writes. Returns the errno
/// of a failure, none when all is written.
std::optional<int> write_all_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace quickbeam::io
