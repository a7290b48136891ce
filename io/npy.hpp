// SPDX-License-Identifier: BSD-3-Clause
// NumPy's .npy, versions 1 to 3: the exact integer types, for other programs and for masks.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/payload.hpp>

namespace quickbeam::io {

/// True when the bytes start as a .npy file does.
bool is_npy(std::span<const std::byte> bytes);

/// The array as a raw payload: 2-D, or 3-D with the first axis as depth; C order, either byte
/// order; bool reads as u8. Throws Error (UNSUPPORTED for Fortran order, structured or complex
/// types).
Payload parse_npy(std::span<const std::byte> bytes, const std::string& path);

/// The header (version 1.0, little-endian, C order) of an array of `depth` images; depth 0 = 2-D.
std::span<const std::byte> npy_header(PixelType type, Extent extent, std::int64_t depth,
                                      Buffer<std::byte>& out);

}  // namespace quickbeam::io
