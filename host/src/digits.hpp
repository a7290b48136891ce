// SPDX-License-Identifier: BSD-3-Clause
// Ten digits in 5 x 7 dots, to number the tiles of a picture.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <quickbeam/core/image_view.hpp>

namespace quickbeam {

inline constexpr std::int64_t digit_width = 5, digit_height = 7;

/// A row of dots in 5 bits, the leftmost first; rows from the top.
inline constexpr std::array<std::array<std::uint8_t, 7>, 10> digit_dots = {{
    {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110},
    {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110},
    {0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111},
    {0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110},
    {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010},
    {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110},
    {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110},
    {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000},
    {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110},
    {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100},
}};

/// Width of a number whose dots are `dot` pixels wide, one dot between digits.
constexpr std::int64_t width_of_digits(std::string_view digits, std::int64_t dot) {
  return (static_cast<std::int64_t>(digits.size()) * (digit_width + 1) - 1) * dot;
}

/// Draws digits with their upper left corner at (x, y); what falls outside is left out.
inline void draw_digits(ImageView<std::uint8_t> out, std::int64_t x, std::int64_t y,
                        std::string_view digits, std::int64_t dot, std::uint8_t ink) {
  const auto is_inked = [&](std::int64_t column, std::int64_t row) {
    const std::int64_t digit = column / (digit_width + 1), within = column % (digit_width + 1);
    if (within == digit_width) return false;
    const auto& dots =
        digit_dots[static_cast<std::size_t>(digits[static_cast<std::size_t>(digit)] - '0')];
    return ((dots[static_cast<std::size_t>(row)] >> (digit_width - 1 - within)) & 1) != 0;
  };
  for (std::int64_t j = 0; j < digit_height * dot; ++j)
    for (std::int64_t i = 0; i < width_of_digits(digits, dot); ++i)
      if (is_inked(i / dot, j / dot) && x + i >= 0 && x + i < out.extent.width && y + j >= 0 &&
          y + j < out.extent.height)
        out(x + i, y + j) = ink;
}

}  // namespace quickbeam
