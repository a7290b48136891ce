// SPDX-License-Identifier: BSD-3-Clause
// The CIF tokeniser: one pass, no memory of its own.
#include "io/cif_tokens.hpp"

#include <algorithm>

#include "io/ascii.hpp"

namespace quickbeam::io {
namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

void CifTokens::skip_blanks_and_comments() {
  while (true) {
    at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
    if (at_ == text_.size() || text_[at_] != '#') return;
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
  }
}

CifToken CifTokens::text_field() {
  const std::size_t begin = at_ + 1;
  std::size_t end = text_.find(';', begin);
  // The field ends at a line that begins with a semicolon.
  while (end != std::string_view::npos && text_[end - 1] != '\n' && text_[end - 1] != '\r')
    end = text_.find(';', end + 1);
  end = std::min(end, text_.size());
  at_ = std::min(end + 1, text_.size());
  return {CifKind::value, text_.substr(begin, end - begin), begin};
}

CifToken CifTokens::quoted() {
  const char quote = text_[at_];
  const std::size_t begin = at_ + 1;
  std::size_t end = begin;
  // A quote inside the value is one that no blank follows.
  while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r') {
    const bool last = end + 1 == text_.size() || blanks.find(text_[end + 1]) != blanks.npos;
    if (text_[end] == quote && last) break;
    ++end;
  }
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
