// SPDX-License-Identifier: BSD-3-Clause
// Splits CIF text into names, values and keywords (CIF 1.1 syntax, sections 2.2.7.1 to 2.2.7.4).
#pragma once

#include <cstddef>
#include <string_view>

namespace quickbeam::io {

enum class CifKind : unsigned char { end, name, value, loop, data };

struct CifToken {
  CifKind kind = CifKind::end;
  std::string_view text;   ///< without quotes or semicolons; borrowed
  std::size_t offset = 0;  ///< of `text` in the input
};

/// Where the value ends whose opening quote stands before `begin`: at the next such quote that a
/// blank or nothing follows; where its line ends when it is not closed.
std::size_t cif_quote_end(std::string_view text, std::size_t begin, char quote);

/// Where the text field ends whose semicolon stands before `begin`: at the next semicolon that
/// begins a line; the size of the text when there is none.
std::size_t cif_text_field_end(std::string_view text, std::size_t begin);

/// Reads token after token; never fails: an unclosed quote or text field ends with its line or the
/// input.
class CifTokens {
 public:
  explicit CifTokens(std::string_view text) : text_(text) {}
  CifToken next();

 private:
  bool at_line_start() const {
    return at_ == 0 || text_[at_ - 1] == '\n' || text_[at_ - 1] == '\r';
  }
  void skip_blanks_and_comments();
  CifToken text_field();
  CifToken quoted();
  CifToken word();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace quickbeam::io
