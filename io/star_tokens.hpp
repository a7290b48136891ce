// SPDX-License-Identifier: BSD-3-Clause
// STAR text as RELION, Xmipp and others write it: split into tokens, faults with line and column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <quickbeam/core/error.hpp>

namespace quickbeam::io {

/// Longest name or value accepted, in bytes, text blocks included.
inline constexpr std::size_t star_token_limit = std::size_t{1} << 16;

/// A place as an editor counts it: from 1, columns in bytes.
struct StarPlace {
  std::size_t line = 1, column = 1;
};

/// The whole text of a file and what it is called. Borrows both.
struct StarText {
  std::string_view text;
  std::string_view path;

  StarPlace place_of(std::size_t offset) const;
  /// "line 12, column 5"
  std::string where(std::size_t offset) const;
  /// Throws Error with the field `<field> at line L, column C`.
  [[noreturn]] void fail(ErrorCode code, std::string_view field, std::size_t offset,
                         std::string expected, std::string found) const;
};

enum class StarKind : unsigned char { end, data, loop, label, value };

struct StarToken {
  StarKind kind = StarKind::end;
  std::string_view text;           ///< without quotes or semicolons; borrowed
  std::size_t begin = 0, end = 0;  ///< in the input, quotes included

  bool is(StarKind other) const { return kind == other; }
};

/// Reads token after token. A token never crosses a line end, but for text blocks between lines
/// that begin with a semicolon.
class StarTokens {
 public:
  explicit StarTokens(const StarText& source, std::size_t at = 0) : source_(source), at_(at) {}

  /// The next token, on whatever line it is. Throws Error BAD_FIELD for a quote or a text block
  /// that is not closed, LIMIT for a token beyond star_token_limit.
  StarToken next();
  /// As next, but `end` where the line ends (comments are passed over). A text block that begins on
  /// the line after belongs to the line, as STAR has no other way to put it there.
  StarToken next_in_line();
  std::size_t at() const { return at_; }

 private:
  bool at_line_start() const { return at_ == 0 || source_.text[at_ - 1] == '\n'; }
  bool skip_blanks_and_comment();
  StarToken token();
  StarToken text_block();
  StarToken quoted();
  StarToken word();
  StarToken checked(StarToken token) const;

  StarToken nothing() const { return {StarKind::end, {}, at_, at_}; }

  StarText source_;
  std::size_t at_;
};

/// What a line looks like before it is split.
struct StarLineShape {
  std::size_t words = 0;
  /// No quote and no comment sign anywhere: the words are the tokens.
  bool plain = true;
};

/// One pass over a line without its line end; as fast as the compiler's vectors.
StarLineShape star_line_shape(std::string_view line);

/// Throws Error BAD_FIELD when the text holds a control byte other than tab and line end, or is not
/// UTF-8.
void check_star_characters(const StarText& source);

/// `text` as one STAR value, quoted where it has to be so that RELION, Xmipp and CIF readers take
/// it for a value. Throws Error USAGE for what no line can hold (line ends, control bytes, both
/// quotes in one text).
std::string star_value(std::string_view text);

}  // namespace quickbeam::io
