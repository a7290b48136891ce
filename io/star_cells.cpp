// SPDX-License-Identifier: BSD-3-Clause
// The cells of STAR tables: found in their row when asked for, and read as numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "io/star.hpp"

namespace quickbeam::io {
namespace {

template <class T>
std::optional<T> whole_token(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::size_t> StarTable::find(std::string_view label) const {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i].text == label) return i;
  return std::nullopt;
}

std::size_t StarDocument::column(const StarTable& table, std::string_view label) const {
  if (const auto found = table.find(label)) return *found;
  std::string names;
  for (const auto& [name, offset] : table.labels)
    names += (names.empty() ? "" : " ") + std::string(name);
  source_.fail(ErrorCode::bad_field, label, table.block_offset, "the column", "only " + names);
}

StarCell StarDocument::cell(const StarTable& table, std::size_t row, std::size_t column) const {
  return StarColumns(*this, table, std::span(&column, 1)).read(row)[0];
}

double StarDocument::number(const StarTable& table, std::size_t column,
                            const StarCell& cell) const {
  const auto value = whole_token<double>(cell.text);
  if (!value || !std::isfinite(*value))
    source_.fail(ErrorCode::bad_field, table.labels[column].text, cell.begin, "a finite number",
                 std::string(cell.text));
  return *value;
}

std::int64_t StarDocument::whole_number(const StarTable& table, std::size_t column,
                                        const StarCell& cell) const {
  if (const auto value = whole_token<std::int64_t>(cell.text)) return *value;
  constexpr double exact = 9007199254740992.0;  // 2^53
  const auto value = whole_token<double>(cell.text);
  if (!value || !(std::abs(*value) <= exact) || *value != std::floor(*value))
    source_.fail(ErrorCode::bad_field, table.labels[column].text, cell.begin, "a whole number",
                 std::string(cell.text));
  return static_cast<std::int64_t>(*value);
}

StarColumns::StarColumns(const StarDocument& document, const StarTable& table,
                         std::span<const std::size_t> columns)
    : document_(document),
      table_(table),
      order_(columns.size()),
      columns_(columns.begin(), columns.end()),
      cells_(columns.size()) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return columns_[a] < columns_[b]; });
}

std::span<const StarCell> StarColumns::read(std::size_t row) {
  if (table_.layout == StarLayout::loop) {
    walk(row);
    return cells_;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const StarToken token = StarTokens(document_.source(), table_.starts[columns_[i]]).next();
    cells_[i] = {token.text, token.begin, token.end};
  }
  return cells_;
}

void StarColumns::walk(std::size_t row) {
  StarTokens tokens(document_.source(), table_.starts[row]);
  StarToken token;
  std::size_t done = 0;  // tokens read
  for (const std::size_t place : order_) {
    for (; done <= columns_[place]; ++done) token = tokens.next();
    cells_[place] = {token.text, token.begin, token.end};
  }
}

}  // namespace quickbeam::io
