// SPDX-License-Identifier: BSD-3-Clause
// Decimal numbers of text headers, scaled by powers of ten without a rounding error.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace quickbeam::io {

/// "45deg." is the digits "45" and the unit "deg.".
struct HeaderNumber {
  std::string_view digits;
  std::string_view unit;
};

inline HeaderNumber split_number(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const char* last = word.data() + word.size();
  const char* end = std::from_chars(word.data(), last, value).ptr;
  const auto length = static_cast<std::size_t>(end - word.data());
  return {word.substr(0, length), word.substr(length)};
}

/// digits x 10^exponent, correctly rounded; nothing when it is no finite number.
inline std::optional<double> scaled_number(std::string_view digits, int exponent) {
  const std::size_t e = digits.find_first_of("eE");
  int own = 0;
  if (e != std::string_view::npos) {
    std::string_view power = digits.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    if (std::from_chars(power.data(), power.data() + power.size(), own).ec != std::errc{} ||
        own > 1000 || own < -1000)
      return std::nullopt;
  }
  const std::string text = std::string(digits.substr(0, e)) + "e" + std::to_string(own + exponent);
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace quickbeam::io
