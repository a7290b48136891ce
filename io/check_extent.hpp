// SPDX-License-Identifier: BSD-3-Clause
// The sizes a writer can write.
#pragma once

#include <cstdint>
#include <string_view>

#include <quickbeam/core/extent.hpp>

namespace quickbeam::io {

/// Throws Error BAD_FIELD for an empty image, LIMIT when a side is longer than the format's.
void check_extent(Extent extent, std::int64_t longest_side, std::string_view format);

}  // namespace quickbeam::io
