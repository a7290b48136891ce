// SPDX-License-Identifier: BSD-3-Clause
// NumPy's .npy, versions 1 to 3: images of exact types, and tables of records.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/payload.hpp>

#include "io/npy_header.hpp"

namespace quickbeam::io {

/// True when the bytes start as a .npy file does.
bool is_npy(std::span<const std::byte> bytes);

/// The array as a raw payload: 2-D, or 3-D with the first axis as depth; C order, either byte
/// order; bool reads as u8. Throws Error (UNSUPPORTED for Fortran order, structured or complex
/// types).
Payload parse_npy(std::span<const std::byte> bytes, const std::string& path);

/// A structured array: records with named fields, as cryoSPARC keeps its data sets. Borrows the
/// bytes.
struct NpyTable {
  std::vector<NpyField> fields;
  std::uint64_t record_bytes = 0, rows = 0;
  std::uint64_t data_offset = 0;    ///< of the records in the file
  std::uint64_t descr_offset = 0;   ///< of the header's text, for messages
  std::span<const std::byte> data;  ///< rows * record_bytes

  const NpyField* find(std::string_view name) const;
  /// The bytes of one field in one row.
  std::span<const std::byte> cell(const NpyField& field, std::uint64_t row) const {
    return data.subspan(static_cast<std::size_t>(row * record_bytes + field.offset),
                        static_cast<std::size_t>(field.item_bytes * field.count));
  }
};

/// Reads one axis of records. Throws Error as parse_npy does, with `format` in its text;
/// UNSUPPORTED for Python objects and nested records.
NpyTable parse_npy_table(std::span<const std::byte> bytes, const std::string& path,
                         std::string_view format);

/// The header (version 1.0, little-endian, C order) of an array of `depth` images; depth 0 = 2-D.
std::span<const std::byte> npy_header(PixelType type, Extent extent, std::int64_t depth,
                                      Buffer<std::byte>& out);

}  // namespace quickbeam::io
