// SPDX-License-Identifier: BSD-3-Clause
// What every format refuses alike.
#include "io/check_extent.hpp"

#include <algorithm>
#include <string>

#include <quickbeam/core/error.hpp>

namespace quickbeam::io {

void check_extent(Extent extent, std::int64_t longest_side, std::string_view format) {
  const std::string found = std::to_string(extent.width) + " x " + std::to_string(extent.height);
  if (extent.empty())
    fail({.code = ErrorCode::bad_field,
          .format = std::string(format),
          .field = "size",
          .expected = "at least 1 x 1 pixels",
          .found = found});
  if (std::max(extent.width, extent.height) > longest_side)
    fail({.code = ErrorCode::limit,
          .format = std::string(format),
          .field = "size",
          .expected = "sides of at most " + std::to_string(longest_side) + " pixels",
          .found = found});
}

}  // namespace quickbeam::io
