// SPDX-License-Identifier: BSD-3-Clause
// What a file's name says of its format.
#pragma once

#include <string_view>

#include "io/ascii.hpp"

namespace quickbeam::io {

/// The name without what a compressor appended.
constexpr std::string_view unpacked_name(std::string_view path) {
  for (const std::string_view suffix : {".gz", ".bz2"})
    if (path.size() > suffix.size() &&
        ascii_equal(path.substr(path.size() - suffix.size()), suffix))
      return path.substr(0, path.size() - suffix.size());
  return path;
}

/// Whether the name, without what a compressor appended, ends in `suffix`, in either case.
constexpr bool has_suffix(std::string_view path, std::string_view suffix) {
  const std::string_view name = unpacked_name(path);
  return name.size() >= suffix.size() &&
         ascii_equal(name.substr(name.size() - suffix.size()), suffix);
}

}  // namespace quickbeam::io
