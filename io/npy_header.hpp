// SPDX-License-Identifier: BSD-3-Clause
// The text header inside a .npy file: a Python dictionary with exactly three keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/payload.hpp>

namespace quickbeam::io {

/// Reports faults of one file.
struct NpyFaults {
  const std::string& path;
  [[noreturn]] void fail(ErrorCode code, std::string field, std::uint64_t offset,
                         std::string expected, std::string found) const {
    quickbeam::fail({.code = code,
                     .path = path,
                     .format = "NPY",
                     .field = std::move(field),
                     .offset = offset,
                     .expected = std::move(expected),
                     .found = std::move(found)});
  }
};

struct NpyHeader {
  PixelType type = PixelType::u8;
  ByteOrder order = ByteOrder::little;
  std::vector<std::int64_t> shape;  ///< 2 or 3 numbers, each > 0
  std::uint64_t shape_offset = 0;   ///< of its value in the file
};

/// Parses the dictionary. `begin` is the offset of `text` in the file, for messages.
NpyHeader parse_npy_header(std::string_view text, std::uint64_t begin, const NpyFaults& faults);

/// The type as NumPy writes it, little-endian: "<i4", "|u1".
std::string npy_descr(PixelType type);

}  // namespace quickbeam::io
