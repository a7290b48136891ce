// SPDX-License-Identifier: BSD-3-Clause
// STAR files (RELION .star, Xmipp .xmd) as tables: where every row is, cells read when asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/star_tokens.hpp"

namespace quickbeam::io {

struct StarLabel {
  std::string_view text;   ///< "_rlnImageName"
  std::size_t offset = 0;  ///< in the file
};

enum class StarLayout : unsigned char {
  loop,  ///< labels, then rows of values
  pairs  ///< one row, each value beside its label
};

/// One table of a data block. Takes 8 bytes a row; the values stay in the text.
struct StarTable {
  std::string_view block;        ///< "particles" of "data_particles"
  std::size_t block_offset = 0;  ///< of that heading
  StarLayout layout = StarLayout::loop;
  std::vector<StarLabel> labels;
  /// Of the first value of each row; pairs: of the value of each label.
  std::vector<std::uint64_t> starts;
  std::size_t labels_end = 0;  ///< just behind the last label (and its comment)

  std::size_t rows() const { return layout == StarLayout::pairs ? 1 : starts.size(); }
  std::optional<std::size_t> find(std::string_view label) const;
};

/// One value. `begin` and `end` include its quotes.
struct StarCell {
  std::string_view text;
  std::size_t begin = 0, end = 0;
};

/// A parsed file. Borrows the text and the path it was parsed from.
///
/// Rows are lines, as in every writer of this field: a row with more or fewer values than the table
/// has labels is an error, and so is a value outside any table.
class StarDocument {
 public:
  /// Throws Error with line and column: NOT_THIS_FORMAT (no data block), INCONSISTENT (counts,
  /// duplicates, a loop without labels), BAD_FIELD (quotes, bytes that are no text), LIMIT.
  StarDocument(std::string_view text, std::string_view path);

  const StarText& source() const { return source_; }
  std::span<const StarTable> tables() const { return tables_; }
  /// The first table with that label, or none.
  const StarTable* with_label(std::string_view label) const;
  /// The first table of the block, or none.
  const StarTable* block(std::string_view name) const;
  /// False: the last line may have been cut short.
  bool ends_with_line() const { return source_.text.empty() || source_.text.back() == '\n'; }

  /// The column of `label`. Throws Error BAD_FIELD that names the labels there are.
  std::size_t column(const StarTable& table, std::string_view label) const;
  StarCell cell(const StarTable& table, std::size_t row, std::size_t column) const;

  /// A finite number, whole token, no locale. Throws Error BAD_FIELD naming label, line and column.
  double number(const StarTable& table, std::size_t column, const StarCell& cell) const;
  /// A whole number; "3.000000" is one, as some programs write them.
  std::int64_t whole_number(const StarTable& table, std::size_t column, const StarCell& cell) const;

 private:
  friend class StarParser;
  StarText source_;
  std::vector<StarTable> tables_;
};

/// Reads chosen columns row after row, each row walked once.
class StarColumns {
 public:
  /// `columns` in any order; a column may stand twice.
  StarColumns(const StarDocument& document, const StarTable& table,
              std::span<const std::size_t> columns);
  /// The cells of `row` in the order of the columns. Valid until the next call.
  std::span<const StarCell> read(std::size_t row);

 private:
  void walk(std::size_t row);

  const StarDocument& document_;
  const StarTable& table_;
  std::vector<std::size_t> order_;    ///< places in columns_, by ascending column
  std::vector<std::size_t> columns_;  ///< as asked for
  std::vector<StarCell> cells_;
};

}  // namespace quickbeam::io
