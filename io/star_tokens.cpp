// SPDX-License-Identifier: BSD-3-Clause
// The STAR tokeniser, and the one pass over plain lines that spares most rows from it.
#include "io/star_tokens.hpp"

#include <algorithm>
#include <array>

#include "io/ascii.hpp"
#include "io/cif_tokens.hpp"

namespace quickbeam::io {
namespace {

constexpr bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

/// Bytes per round of the vector loops: their 8-bit counters cannot overflow.
constexpr std::size_t round_bytes = 128;

/// The line ends, blanks, and BEL, with which RELION escapes a quote.
constexpr bool is_allowed_control(unsigned char c) { return c >= 7 && c <= 13 && c != 8; }

/// True when a byte is neither printable ASCII nor a blank: it needs a second look.
bool has_unusual_bytes(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, 1024);
    unsigned char unusual = 0;
    for (const char c : part) {
      const auto b = static_cast<unsigned char>(c);
      const bool control = (b < 0x20) & !((b >= 9) & (b <= 13));
      unusual |= static_cast<unsigned char>(control | (b >= 0x7f));
    }
    if (unusual != 0) return true;
    text.remove_prefix(part.size());
  }
  return false;
}

/// Bytes of the UTF-8 sequence at the front of `text` (Unicode 15, table 3-7), 0 = malformed.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned first = at(0);
  const auto continued = [&](std::size_t i) { return (at(i) & 0xc0u) == 0x80u; };
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continued(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && at(1) < 0xa0;
    const bool surrogate = first == 0xed && at(1) > 0x9f;
    return continued(1) && continued(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first < 0xf0 || first > 0xf4) return 0;
  const bool out_of_range = (first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f);
  return continued(1) && continued(2) && continued(3) && !out_of_range ? 4 : 0;
}

std::string byte_name(char c) {
  constexpr char hex[] = "0123456789abcdef";
  const auto b = static_cast<unsigned char>(c);
  return std::string("byte 0x") + hex[b >> 4] + hex[b & 15];
}

}  // namespace

StarPlace StarText::place_of(std::size_t offset) const {
  const std::string_view before = text.substr(0, offset);
  const auto lines = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 == 0
  return {lines + 1, before.size() - line_begin + 1};
}

std::string StarText::where(std::size_t offset) const {
  const StarPlace place = place_of(offset);
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
}

void StarText::fail(ErrorCode code, std::string_view field, std::size_t offset,
                    std::string expected, std::string found) const {
  quickbeam::fail({.code = code,
                   .path = std::string(path),
                   .format = "STAR",
                   .field = std::string(field) + " at " + where(offset),
                   .offset = offset,
                   .expected = std::move(expected),
                   .found = std::move(found)});
}

bool StarTokens::skip_blanks_and_comment() {
  const std::string_view text = source_.text;
  while (at_ < text.size() && text[at_] != '\n' && is_blank(text[at_])) ++at_;
  if (at_ < text.size() && text[at_] == '#') at_ = std::min(text.find('\n', at_), text.size());
  return at_ < text.size() && text[at_] != '\n';
}

StarToken StarTokens::next_in_line() {
  if (skip_blanks_and_comment()) return token();
  if (source_.text.substr(at_, 2) == "\n;") {
    ++at_;
    return token();
  }
  return nothing();
}

StarToken StarTokens::next() {
  while (!skip_blanks_and_comment()) {
    if (at_ == source_.text.size()) return nothing();
    ++at_;
  }
  return token();
}

StarToken StarTokens::token() {
  const char c = source_.text[at_];
  if (c == ';' && at_line_start()) return checked(text_block());
  if (c == '"' || c == '\'') return checked(quoted());
  return checked(word());
}

StarToken StarTokens::checked(StarToken token) const {
  if (token.end - token.begin > star_token_limit)
    source_.fail(ErrorCode::limit, "value", token.begin,
                 "at most " + std::to_string(star_token_limit) + " bytes",
                 std::to_string(token.end - token.begin));
  return token;
}

StarToken StarTokens::text_block() {
  const std::string_view text = source_.text;
  const std::size_t begin = at_, end = cif_text_field_end(text, begin + 1);
  if (end == text.size())
    source_.fail(ErrorCode::bad_field, "text block", begin, "a line that begins with ';'",
                 "the end of the file");
  at_ = end + 1;
  if (at_ < text.size() && !is_blank(text[at_]))
    source_.fail(ErrorCode::bad_field, "text block", at_, "a blank after the closing ';'",
                 std::string(text.substr(at_, 1)));
  // The last line end belongs to the closing semicolon.
  std::string_view inside = text.substr(begin + 1, end - begin - 1);
  if (inside.ends_with('\n')) inside.remove_suffix(1);
  if (inside.ends_with('\r')) inside.remove_suffix(1);
  return {StarKind::value, inside, begin, at_};
}

/// A quote closes where a blank follows: whatever parts two words.
StarToken StarTokens::quoted() {
  const std::string_view text = source_.text;
  const char quote = text[at_];
  const auto closes = [&](std::size_t i) {
    return text[i] == quote && (i + 1 == text.size() || is_blank(text[i + 1]));
  };
  const std::size_t begin = at_;
  std::size_t end = begin + 1;
  while (end < text.size() && text[end] != '\n' && text[end] != '\r' && !closes(end)) ++end;
  if (end == text.size() || text[end] != quote)
    source_.fail(ErrorCode::bad_field, "quoted value", begin,
                 std::string("a closing ") + quote + " before the end of the line", "none");
  at_ = end + 1;
  return {StarKind::value, text.substr(begin + 1, end - begin - 1), begin, at_};
}

StarToken StarTokens::word() {
  const std::string_view text = source_.text;
  const std::size_t begin = at_;
  while (at_ < text.size() && !is_blank(text[at_])) ++at_;
  const std::string_view word = text.substr(begin, at_ - begin);
  StarKind kind = StarKind::value;
  if (word.front() == '_')
    kind = StarKind::label;
  else if (ascii_equal(word, "loop_"))
    kind = StarKind::loop;
  else if (ascii_starts_with(word, "data_"))
    kind = StarKind::data;
  return {kind, word, begin, at_};
}

StarLineShape star_line_shape(std::string_view line) {
  if (line.empty()) return {};
  const char* const c = line.data();
  const std::size_t size = line.size();
  const auto mark = [](char x) { return (x == '"') | (x == '\'') | (x == '#'); };
  std::size_t words = is_blank(c[0]) ? 0 : 1;
  bool marks = mark(c[0]);
  for (std::size_t begin = 1; begin < size; begin += round_bytes) {
    const std::size_t count = std::min(round_bytes, size - begin);
    unsigned char started = 0, marked = 0;
    for (std::size_t i = begin; i < begin + count; ++i) {
      started = static_cast<unsigned char>(started + (is_blank(c[i - 1]) && !is_blank(c[i])));
      marked |= static_cast<unsigned char>(mark(c[i]));
    }
    words += started;
    marks |= marked != 0;
  }
  return {words, !marks};
}

void check_star_characters(const StarText& source) {
  const std::string_view text = source.text;
  if (!has_unusual_bytes(text)) return;
  for (std::size_t i = 0; i < text.size();) {
    const auto b = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text.substr(i, 4));
    if (b == 0x7f || (b < 0x20 && !is_allowed_control(b)) || length == 0)
      source.fail(ErrorCode::bad_field, "text", i, length == 0 ? "UTF-8" : "text",
                  byte_name(text[i]));
    i += length;
  }
}

std::string star_value(std::string_view text) {
  const auto refuse = [&](std::string_view what) {
    fail({.code = ErrorCode::usage,
          .format = "STAR",
          .field = "value",
          .expected = "text that fits one line of a STAR file",
          .found = std::string(what) + " in " + printable(text)});
  };
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20) refuse("a control byte");
  const bool blank = text.find(' ') != text.npos;
  const bool special = text.empty() || std::string_view("\"'#_;$[]").find(text[0]) != text.npos ||
                       ascii_starts_with(text, "data_") || ascii_starts_with(text, "loop_");
  if (!blank && !special) return std::string(text);
  for (const char quote : {'"', '\''})
    if (text.find(quote) == text.npos) return quote + std::string(text) + quote;
  refuse("both kinds of quotes");
  return {};
}

}  // namespace quickbeam::io
