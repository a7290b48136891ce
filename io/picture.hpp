// SPDX-License-Identifier: BSD-3-Clause
// Pictures of palette positions: PNG (8-bit palette) and JPEG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>
#include <quickbeam/core/palette.hpp>

namespace quickbeam::io {

using quickbeam::Palette;
using quickbeam::Rgb;

/// Encodes into `out` (replaced) and returns the bytes. 8-bit palette PNG, filter none, level 1,
/// Z_RLE: fastest and smallest for log-mapped photon noise. The same bytes on every thread.
/// Throws Error BAD_FIELD for an empty image, LIMIT beyond 2^31-1 on a side.
std::span<const std::byte> encode_png(ImageView<const std::uint8_t> indices, const Palette& palette,
                                      Buffer<std::byte>& out);

/// Baseline JPEG, quality 1..100; greyscale when every palette entry in use is grey, else RGB
/// 4:4:4. Throws Error BAD_FIELD for an empty image, LIMIT beyond 65,500 on a side.
std::span<const std::byte> encode_jpeg(ImageView<const std::uint8_t> indices,
                                       const Palette& palette, int quality, Buffer<std::byte>& out);

}  // namespace quickbeam::io
