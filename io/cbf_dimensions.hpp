// SPDX-License-Identifier: BSD-3-Clause
// The dimensions of a section's array, wherever the file states them, and their limits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/cbf_context.hpp"
#include "io/cbf_items.hpp"
#include "io/cbf_mime.hpp"

namespace quickbeam::io {

struct CbfDimensions {
  Extent extent{};
  std::int64_t depth = 1;
  std::uint64_t pixels = 0;
  std::uint64_t offset = 0;  ///< of the first dimension in the file
};

/// Dimensions from the MIME header, else from _array_structure_list. Throws Error BAD_FIELD, or
/// OVERFLOW when their product does not fit 63 bits.
CbfDimensions find_dimensions(const CbfContext& context, const MimeHeader& header,
                              const CbfItems& items, std::size_t index);

/// Throws Error when `size` bytes of that encoding cannot hold the pixels: LIMIT (byte-offset holds
/// at least one byte a pixel, packed at most 171 pixels a byte) or INCONSISTENT.
void check_pixels(const CbfContext& context, const MimeHeader& header,
                  const CbfDimensions& dimensions, const Payload& payload, std::uint64_t size);

}  // namespace quickbeam::io
