// SPDX-License-Identifier: BSD-3-Clause
// The table of stack formats.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "io/stack_parse.hpp"

namespace quickbeam::io {

/// To add a format: write `is_x` and `parse_x`, and add a row to the table in stack_formats.cpp.
struct StackFormatReader {
  std::string_view name;
  std::span<const std::string_view> suffixes;
  bool (*is_a)(std::span<const std::byte> head);
  StackInfo (*parse)(const StackHead& head, const StackOptions& options);
};

/// By the first bytes, else by the name; null for neither.
const StackFormatReader* find_stack_format(std::span<const std::byte> head, std::string_view path);

/// "MRC or Spider"
std::string stack_format_names();

}  // namespace quickbeam::io
