// SPDX-License-Identifier: BSD-3-Clause
// Header numbers as text, in no locale.
#include "io/header_words.hpp"

#include <charconv>

namespace quickbeam::io {

std::string number_text(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace quickbeam::io
