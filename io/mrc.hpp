// SPDX-License-Identifier: BSD-3-Clause
// MRC2014 and its relatives: images, stacks and volumes (Cheng et al., J. Struct. Biol. 192,
// 146-150, 2015, with the 2022 additions).
#pragma once

#include <cstddef>
#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>

#include "io/stack_parse.hpp"

namespace quickbeam::io {

/// True when the bytes begin as an MRC file does: "MAP " in word 53, or, without it, a header that
/// makes sense in one of the byte orders.
bool is_mrc(std::span<const std::byte> head);

/// Modes 0, 1, 2, 3, 4, 6, 12, 101; both byte orders, told by the values of the header before its
/// machine stamp. Automatically a stack when the name ends in .mrcs or .st, else by ISPG: 0 = a
/// stack, 401 to 630 = volumes of MZ sections, other = one volume. Throws Error.
StackInfo parse_mrc(const StackHead& head, const StackOptions& options);

/// The whole file (1,024-byte header, nversion 20141, ispg 0, mz 1) in mode 1 for i16, 6 for u16,
/// 2 (float32) for every other type. `pixel_size_angstrom` <= 0 = not known (cell 0).
/// Statistics are marked "not determined" when a pixel is not finite. Throws Error BAD_FIELD for an
/// empty image, LIMIT when a side exceeds 2^31-1.
std::span<const std::byte> encode_mrc(ConstAnyView image, double pixel_size_angstrom,
                                      Buffer<std::byte>& out);

}  // namespace quickbeam::io
