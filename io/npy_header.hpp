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
  std::string_view format = "NPY";
  [[noreturn]] void fail(ErrorCode code, std::string field, std::uint64_t offset,
                         std::string expected, std::string found) const {
    quickbeam::fail({.code = code,
                     .path = path,
                     .format = std::string(format),
                     .field = std::move(field),
                     .offset = offset,
                     .expected = std::move(expected),
                     .found = std::move(found)});
  }
};

/// What a header describes.
enum class NpyKind : std::uint8_t {
  images,  ///< numbers on 2 or 3 axes
  table    ///< records with named fields on one axis (a structured array)
};

/// One field of a record.
struct NpyField {
  std::string name;
  char kind = 'V';  ///< NumPy's letter: b i u f c S U V
  ByteOrder order = ByteOrder::little;
  std::uint64_t item_bytes = 0;  ///< of one value
  std::uint64_t count = 1;       ///< values: the product of the field's own shape
  std::uint64_t offset = 0;      ///< in the record
};

struct NpyHeader {
  PixelType type = PixelType::u8;
  ByteOrder order = ByteOrder::little;
  std::vector<NpyField> fields;     ///< of a table
  std::uint64_t record_bytes = 0;   ///< of a table
  std::vector<std::int64_t> shape;  ///< images: 2 or 3 numbers above 0; table: 1, 0 or more
  std::uint64_t shape_offset = 0;   ///< of its value in the file
};

/// Parses the dictionary. `begin` is the offset of `text` in the file, for messages.
NpyHeader parse_npy_header(std::string_view text, std::uint64_t begin, const NpyFaults& faults,
                           NpyKind kind = NpyKind::images);

/// The type as NumPy writes it, little-endian: "<i4", "|u1".
std::string npy_descr(PixelType type);

}  // namespace quickbeam::io
