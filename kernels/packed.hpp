// SPDX-License-Identifier: BSD-3-Clause
// x-CBF_PACKED and x-CBF_PACKED_V2: differences from a neighbour average in runs of equal bit width
// (CBFlib manual, section 3.3.2; J. P. Abrahams' pack_c).
#pragma once

#include <cstdint>
#include <span>

#include <quickbeam/core/payload.hpp>

namespace quickbeam::kernels {

/// Decodes a whole packed stream (`payload.extent` x `payload.depth` pixels, encoding packed or
/// packed_v2, any integer or real element type the encoding can carry) into `out`, which has
/// exactly that many elements of the payload's own type. Exact. Throws Error (BAD_STREAM,
/// INCONSISTENT, ...; offsets relative to the stream). Writes nothing outside `out`.
void decode_packed(const Payload& payload, std::span<std::byte> out);

}  // namespace quickbeam::kernels
