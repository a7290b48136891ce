// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_PACKED and x-CBF_PACKED_V2: differences from a neighbour average in runs of equal bit width
// (CBFlib manual, section 3.3.2; J. P. Abrahams' pack_c).
#pragma once

#include <cstdint>
#include <span>

#include <quickbeam/core/payload.hpp>

namespace quickbeam::kernels {

/// Decodes a whole packed stream (`payload.extent` x `payload.depth` pixels, encoding packed or
/// packed_v2, every element type; real ones are packed as the integers of the same bits) into
/// `out`, which has exactly that many elements of the payload's own type and is aligned for them.
/// Exact: equal to libcbf 0.9.7 for all types up to 32 bits and for 64-bit reals it can read back
/// itself.
///
/// libcbf loses 64-bit values: it writes wrong high halves when an offset carries from the low half
/// to the high one, and for every large offset of a flat stream; and it reads small negative
/// offsets as 2^32 too large. This decoder takes the fields as they stand, signed, so what was
/// written right is read right.
///
/// Throws Error with offsets relative to the stream: BAD_STREAM when it ends early or is no packed
/// data at all, INCONSISTENT when it holds another number of pixels or bytes are left over,
/// UNSUPPORTED for images one pixel wide (libcbf writes them ambiguously), USAGE when `out` has the
/// wrong size. Writes nothing outside `out`.
void decode_packed(const Payload& payload, std::span<std::byte> out);

}  // namespace quickbeam::kernels
