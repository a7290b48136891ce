// SPDX-License-Identifier: BSD-3-Clause
// What array a section holds: encoding, element type, dimensions, and whether the bytes can.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/cbf_context.hpp"
#include "io/cbf_items.hpp"
#include "io/cbf_mime.hpp"

namespace quickbeam::io {

/// The payload of a section of `size` bytes, its `bytes` still empty. Throws Error: UNSUPPORTED,
/// BAD_FIELD, OVERFLOW, LIMIT, INCONSISTENT.
Payload describe_array(const CbfContext& context, const MimeHeader& header, const CbfItems& items,
                       std::size_t index, std::uint64_t size);

}  // namespace quickbeam::io
