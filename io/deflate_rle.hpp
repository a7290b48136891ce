// SPDX-License-Identifier: BSD-3-Clause
// A zlib stream (RFC 1950, 1951) for pictures of noise: Huffman codes and runs, no match search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam::io {

/// The rows of a picture as PNG wants them, each behind a filter byte of 0 (none), compressed with
/// literals and runs of one byte only, as zlib's Z_RLE does. Depends on the pixels alone.
/// Precondition: the image is not empty.
std::span<const std::byte> deflate_rows(ImageView<const std::uint8_t> rows, Buffer<std::byte>& out);

}  // namespace quickbeam::io
