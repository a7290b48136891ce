// SPDX-License-Identifier: BSD-3-Clause
// MRC2014, writing: a single image with true statistics, as mrcfile.validate wants it.
#pragma once

#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam::io {

/// The whole file (1,024-byte header, nversion 20141, ispg 0, mz 1) in mode 1 for i16, 6 for u16,
/// 2 (float32) for every other type. `pixel_size_angstrom` <= 0 = not known (cell 0).
/// Statistics are marked "not determined" when a pixel is not finite. Throws Error BAD_FIELD for an
/// empty image, LIMIT when a side exceeds 2^31-1.
std::span<const std::byte> encode_mrc(ConstAnyView image, double pixel_size_angstrom,
                                      Buffer<std::byte>& out);

}  // namespace quickbeam::io
