// SPDX-License-Identifier: BSD-3-Clause
// The checksum by which a finished output is recognised.
#include <quickbeam/crc32.hpp>

#include <libdeflate.h>

namespace quickbeam {

std::uint32_t crc32(std::span<const std::byte> bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace quickbeam
