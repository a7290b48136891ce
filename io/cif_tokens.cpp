// SPDX-License-Identifier: BSD-3-Clause
// The CIF tokeniser: one pass, no memory of its own.
#include "io/cif_tokens.hpp"

#include <algorithm>

#include "io/ascii.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

std::size_t cif_quote_end(std::string_view text, std::size_t begin, char quote) {
  std::size_t end = begin;
  // A quote inside the value is one that no blank follows.
  while (end < text.size() && text[end] != '\n' && text[end] != '\r') {
    const bool last = end + 1 == text.size() || blanks.find(text[end + 1]) != blanks.npos;
    if (text[end] == quote && last) break;
    ++end;
  }
  return end;
}

std::size_t cif_text_field_end(std::string_view text, std::size_t begin) {
  std::size_t end = text.find(';', begin);
  while (end != std::string_view::npos && text[end - 1] != '\n' && text[end - 1] != '\r')
    end = text.find(';', end + 1);
  return std::min(end, text.size());
}

void CifTokens::skip_blanks_and_comments() {
  while (true) {
    at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
    if (at_ == text_.size() || text_[at_] != '#') return;
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
  }
}

CifToken CifTokens::text_field() {
  const std::size_t begin = at_ + 1;
  const std::size_t end = cif_text_field_end(text_, begin);
  at_ = std::min(end + 1, text_.size());
  return {CifKind::value, text_.substr(begin, end - begin), begin};
}

CifToken CifTokens::quoted() {
  const char quote = text_[at_];
  const std::size_t begin = at_ + 1;
  const std::size_t end = cif_quote_end(text_, begin, quote);
  at_ = std::min(end + 1, text_.size());
  return {CifKind::value, text_.substr(begin, end - begin), begin};
}

CifToken CifTokens::word() {
  const std::size_t begin = at_;
  at_ = std::min(text_.find_first_of(blanks, begin), text_.size());
  const std::string_view word = text_.substr(begin, at_ - begin);
  CifKind kind = CifKind::value;
  if (word.front() == '_')
    kind = CifKind::name;
  else if (ascii_equal(word, "loop_"))
    kind = CifKind::loop;
  else if (ascii_starts_with(word, "data_"))
    kind = CifKind::data;
  return {kind, word, begin};
}

CifToken CifTokens::next() {
  skip_blanks_and_comments();
  if (at_ == text_.size()) return {};
  const char c = text_[at_];
  if (c == ';' && at_line_start()) return text_field();
  if (c == '"' || c == '\'') return quoted();
  return word();
}

}  // namespace quickbeam::io
