// SPDX-License-Identifier: BSD-3-Clause
// Finds the tables and rows of a STAR file in one pass.
#include "io/star.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "io/ascii.hpp"
#include "io/looks_like.hpp"

namespace quickbeam::io {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string count_text(std::size_t found, std::size_t labels) {
  const std::string of = found < labels ? " of " + std::to_string(labels) : "";
  return std::to_string(found) + of + " columns";
}

}  // namespace

/// Walks over the file once. Loop rows that are plain words never reach the tokeniser.
class StarParser {
 public:
  explicit StarParser(StarDocument& document)
      : source_(document.source_), tables_(document.tables_), tokens_(source_) {}

  void parse() {
    check_star_characters(source_);
    if (source_.text.starts_with(byte_order_mark))
      tokens_ = StarTokens(source_, byte_order_mark.size());
    for (StarToken token = tokens_.next(); !token.is(StarKind::end); token = tokens_.next())
      item(token);
    if (blocks_.empty()) no_block(0);
  }

 private:
  void item(const StarToken& token) {
    if (token.is(StarKind::data)) return open_block(token);
    if (blocks_.empty()) no_block(token.begin);
    if (token.is(StarKind::loop)) return loop(token);
    if (token.is(StarKind::label)) return pair(token);
    source_.fail(ErrorCode::inconsistent, "value", token.begin, "a label before it",
                 std::string(token.text));
  }

  [[noreturn]] void no_block(std::size_t offset) const {
    const std::string_view text = source_.text;
    source_.fail(ErrorCode::not_this_format, "file", offset, "a data_ block first",
                 looks_like({reinterpret_cast<const std::byte*>(text.data()), text.size()}));
  }

  void open_block(const StarToken& token) {
    const std::string_view name = token.text.substr(5);
    const auto [known, is_new] = blocks_.emplace(name, token.begin);
    if (!is_new)
      source_.fail(ErrorCode::inconsistent, "data_" + std::string(name), token.begin,
                   "the block once", "it at " + source_.where(known->second) + " too");
    block_ = name;
    block_offset_ = token.begin;
    seen_labels_.clear();
    pairs_open_ = false;
  }

  StarTable& add_table(StarLayout layout) {
    StarTable& table = tables_.emplace_back();
    table.block = block_;
    table.block_offset = block_offset_;
    table.layout = layout;
    return table;
  }

  void add_label(StarTable& table, const StarToken& token) {
    const auto [known, is_new] = seen_labels_.emplace(token.text, token.begin);
    if (!is_new)
      source_.fail(ErrorCode::inconsistent, token.text, token.begin, "the label once",
                   "it at " + source_.where(known->second) + " too");
    table.labels.push_back({token.text, token.begin});
  }

  void pair(const StarToken& label) {
    if (!pairs_open_) add_table(StarLayout::pairs);
    pairs_open_ = true;
    StarTable& table = tables_.back();
    add_label(table, label);
    const StarToken value = tokens_.next_in_line();
    if (value.is(StarKind::end))
      source_.fail(ErrorCode::bad_field, label.text, label.begin, "a value on the line", "none");
    table.starts.push_back(value.begin);
    table.labels_end = value.end;
  }

  void loop(const StarToken& keyword) {
    pairs_open_ = false;
    StarTable& table = add_table(StarLayout::loop);
    std::size_t rows_begin = tokens_.at();
    for (StarToken token = tokens_.next(); token.is(StarKind::label); token = tokens_.next()) {
      if (!table.labels.empty() && value_follows(token)) break;
      add_label(table, token);
      table.labels_end = rows_begin = tokens_.at();
    }
    if (table.labels.empty())
      source_.fail(ErrorCode::inconsistent, "loop_", keyword.begin, "labels after it", "none");
    const std::string_view text = source_.text;
    // A comment behind the last label ("#26") is no row.
    const std::size_t line_end = std::min(text.find('\n', rows_begin), text.size());
    if (trimmed(text.substr(rows_begin, line_end - rows_begin)).starts_with('#')) {
      rows_begin = line_end;
      table.labels_end = text.substr(0, line_end).ends_with('\r') ? line_end - 1 : line_end;
    }
    tokens_ = StarTokens(source_, rows(table, rows_begin));
  }

  /// A line that begins with an underscore and goes on with a value is the first row, or a pair
  /// behind a loop without rows, but no label of the loop.
  bool value_follows(const StarToken& label) const {
    const std::string_view before = source_.text.substr(0, label.begin);
    const std::string_view line = before.substr(before.rfind('\n') + 1);  // npos + 1 == 0
    const StarToken next = StarTokens(tokens_).next_in_line();
    return trimmed(line).empty() && next.is(StarKind::value) &&
           next.begin < source_.text.find('\n', label.end);  // no text block below
  }

  /// Takes rows from `at` on; returns where the loop ends.
  std::size_t rows(StarTable& table, std::size_t at) {
    const std::string_view text = source_.text;
    const std::size_t begin = at;
    while (at < text.size()) {
      const void* const found = std::memchr(text.data() + at, '\n', text.size() - at);
      const std::size_t end =
          found == nullptr
              ? text.size()
              : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
      const std::string_view line = text.substr(at, end - at);
      const StarLineShape shape = star_line_shape(line);
      if (shape.words == 0) {
        at = end + 1;
        continue;
      }
      if (ends_loop(line, shape, at)) return at;
      if (shape.plain && shape.words == table.labels.size() && line.size() <= star_token_limit &&
          line.front() != ';') {
        add_row(table, at, begin);
        at = end + 1;
      } else {
        at = odd_row(table, at, begin);
      }
    }
    return std::min(at, text.size());
  }

  /// Room for all rows is taken once, from the mean length of the first ones.
  void add_row(StarTable& table, std::size_t at, std::size_t begin) {
    constexpr std::size_t sample = 64;
    if (table.starts.size() == sample)
      table.starts.reserve(sample + (source_.text.size() - at) * sample / (at - begin) + sample);
    table.starts.push_back(at);
  }

  /// A heading, loop_ or a label. A file name may begin with data_ or an underscore, and RELION
  /// does not quote it: a line that holds more than a heading or a pair can hold is a row.
  bool ends_loop(std::string_view line, const StarLineShape& shape, std::size_t at) const {
    const std::size_t first = line.find_first_not_of(" \t\r\v\f\a");
    if (first == line.npos) return false;
    const std::string_view word = line.substr(first);
    const bool label = word[0] == '_', data = ascii_starts_with(word, "data_");
    if (label || data) {
      const std::size_t words = shape.plain ? shape.words : words_of_line(at, at + line.size());
      return words <= (label ? 2u : 1u);
    }
    return ascii_starts_with(word, "loop_") &&
           (word.size() == 5 || word.find_first_of(" \t\r") == 5);
  }

  /// Tokens that begin before `end`.
  std::size_t words_of_line(std::size_t at, std::size_t end) const {
    StarTokens tokens(source_, at);
    std::size_t count = 0;
    for (StarToken token = tokens.next_in_line(); !token.is(StarKind::end) && token.begin < end;
         token = tokens.next_in_line())
      ++count;
    return count;
  }

  /// A row with quotes, comments or text blocks, a comment line, or a row with a fault. Returns
  /// where the next line begins.
  std::size_t odd_row(StarTable& table, std::size_t at, std::size_t begin) {
    StarTokens tokens(source_, at);
    std::size_t count = 0, first = at, last = at;
    for (StarToken token = tokens.next_in_line(); !token.is(StarKind::end);
         token = tokens.next_in_line()) {
      if (count++ == 0) first = token.begin;
      last = token.begin;
    }
    if (count != 0 && count != table.labels.size())
      source_.fail(ErrorCode::inconsistent, "row", count > table.labels.size() ? last : first,
                   std::to_string(table.labels.size()) + " columns",
                   count_text(count, table.labels.size()));
    if (count != 0) add_row(table, at, begin);
    return tokens.at() + 1;
  }

  const StarText& source_;
  std::vector<StarTable>& tables_;
  StarTokens tokens_;
  std::unordered_map<std::string_view, std::size_t> blocks_, seen_labels_;
  std::string_view block_;
  std::size_t block_offset_ = 0;
  bool pairs_open_ = false;
};

StarDocument::StarDocument(std::string_view text, std::string_view path) : source_{text, path} {
  StarParser(*this).parse();
}

const StarTable* StarDocument::with_label(std::string_view label) const {
  for (const auto& table : tables_)
    if (table.find(label)) return &table;
  return nullptr;
}

const StarTable* StarDocument::block(std::string_view name) const {
  for (const auto& table : tables_)
    if (table.block == name) return &table;
  return nullptr;
}

}  // namespace quickbeam::io
