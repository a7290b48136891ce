// SPDX-License-Identifier: BSD-3-Clause
// Names of images in stacks, read and written.
#include "io/image_name.hpp"

#include <charconv>

namespace quickbeam::io {

std::optional<ImageName> parse_image_name(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos) return text.empty() ? std::nullopt : std::optional(ImageName{text, 0});
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + at, number);
  const std::string_view file = text.substr(at + 1);
  if (error != std::errc{} || end != text.data() + at || number < 1 || file.empty() ||
      file.front() == '@')
    return std::nullopt;
  return ImageName{file, number};
}

std::string_view without_format_hint(std::string_view file) {
  constexpr std::string_view hints[] = {":mrcs", ":mrc", ":map", ":st", ":spi", ":stk"};
  for (const std::string_view hint : hints)
    if (file.size() > hint.size() && file.ends_with(hint))
      return file.substr(0, file.size() - hint.size());
  return file;
}

std::string image_name(std::uint64_t number, std::string_view file) {
  std::string digits = std::to_string(number);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return digits.append("@").append(file);
}

}  // namespace quickbeam::io
