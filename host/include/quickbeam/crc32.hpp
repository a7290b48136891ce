// SPDX-License-Identifier: BSD-3-Clause
// The checksum by which a finished output is recognised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quickbeam {

/// CRC-32 (ISO 3309, as gzip and PNG use it).
std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace quickbeam
