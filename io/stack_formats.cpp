// SPDX-License-Identifier: BSD-3-Clause
// Bytes before names: a stack is known by what it begins with.
#include "io/stack_formats.hpp"

#include <algorithm>
#include <array>

#include "io/file_name.hpp"
#include "io/mrc.hpp"
#include "io/spider.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view mrc_suffixes[] = {".mrc", ".mrcs", ".map", ".st"};
constexpr std::string_view spider_suffixes[] = {".spi", ".stk", ".spider", ".xmp", ".vol"};

constexpr std::array formats = {
    StackFormatReader{"MRC", mrc_suffixes, is_mrc, parse_mrc},
    StackFormatReader{"Spider", spider_suffixes, is_spider, parse_spider},
};

}  // namespace

const StackFormatReader* find_stack_format(std::span<const std::byte> head, std::string_view path) {
  for (const auto& format : formats)
    if (format.is_a(head)) return &format;
  for (const auto& format : formats)
    if (std::ranges::any_of(format.suffixes,
                            [&](std::string_view suffix) { return has_suffix(path, suffix); }))
      return &format;
  return nullptr;
}

std::string stack_format_names() {
  std::string names;
  for (const auto& format : formats) names.append(names.empty() ? "" : " or ").append(format.name);
  return names;
}

}  // namespace quickbeam::io
