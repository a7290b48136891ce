// SPDX-License-Identifier: BSD-3-Clause
// Text helpers that no locale can change.
#pragma once

#include <cstddef>
#include <string_view>

namespace quickbeam::io {

constexpr char ascii_lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool ascii_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

constexpr bool ascii_starts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && ascii_equal(text.substr(0, prefix.size()), prefix);
}

constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t\r\n\f\v") {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Without the blanks around it and one pair of quotes.
constexpr std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    text = trimmed(text.substr(1, text.size() - 2));
  return text;
}

/// Takes the text before `separator` off the front of `rest` (all of it when there is none).
constexpr std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

/// Takes the next word off the front of `rest`, words being what stands between `separators`.
/// Empty when no word is left.
constexpr std::string_view take_word(std::string_view& rest, std::string_view separators) {
  const std::size_t begin = rest.find_first_not_of(separators);
  if (begin == std::string_view::npos) {
    rest = {};
    return {};
  }
  rest.remove_prefix(begin);
  const std::size_t end = rest.find_first_of(separators);
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return word;
}

}  // namespace quickbeam::io
