// SPDX-License-Identifier: BSD-3-Clause
// The reduced counts as a file for other programs: .npy with the exact type, or .mrc.
#pragma once

#include <span>
#include <string>

#include <quickbeam/core/image.hpp>

namespace quickbeam {

/// The bytes of the file `path` names by its suffix (.npy or .mrc); masked pixels are -1.
/// Throws Error USAGE for another suffix. Uses `pixels` and `out` as memory.
std::span<const std::byte> encode_numeric(const ReducedImage& image, const std::string& path,
                                          double pixel_size_angstrom, Buffer<std::byte>& pixels,
                                          Buffer<std::byte>& out);

/// The same for any image, values as they are.
std::span<const std::byte> encode_pixels(ConstAnyView pixels, const std::string& path,
                                         double pixel_size_angstrom, Buffer<std::byte>& out);

}  // namespace quickbeam
