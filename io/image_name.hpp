// SPDX-License-Identifier: BSD-3-Clause
// "000012@stack.mrcs": how this field names one image of a stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quickbeam::io {

/// Borrows the text it was parsed from.
struct ImageName {
  std::string_view file;
  std::int64_t number = 0;  ///< from 1 on; 0 = none given
};

/// Splits at the first @. Nothing when what stands before it is no whole number from 1 to 2^63 - 1,
/// or when no file name follows. A text without @ is a file name.
std::optional<ImageName> parse_image_name(std::string_view text);

/// Without the format that RELION and Xmipp put behind a name: "a.mrc:mrcs" -> "a.mrc".
std::string_view without_format_hint(std::string_view file);

/// "000012@stack.mrcs", six digits or more as RELION and Xmipp write it.
std::string image_name(std::uint64_t number, std::string_view file);

}  // namespace quickbeam::io
