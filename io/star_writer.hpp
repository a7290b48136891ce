// SPDX-License-Identifier: BSD-3-Clause
// Writes STAR files: new tables value by value, or an old file with some columns changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/star.hpp"

namespace quickbeam::io {

/// Gathers small pieces of text into large writes.
class TextFile {
 public:
  explicit TextFile(const std::string& path) : file_(path) {}
  /// Throws Error IO.
  void write(std::string_view text);
  /// The file appears under its name, whole.
  void commit();

 private:
  void flush();

  AtomicFile file_;
  std::string pending_;
};

/// How the headings look: both are STAR, but some readers take only what their own writer writes.
enum class StarStyle : std::uint8_t { relion, xmipp };

/// New tables. Values are quoted where they must be; a row with another count of values than the
/// table has labels is Error USAGE.
class StarWriter {
 public:
  explicit StarWriter(const std::string& path, StarStyle style = StarStyle::relion)
      : path_(path), file_(path), style_(style) {}

  /// "# text"; before the first table.
  void comment(std::string_view text);
  /// Begins data_<block> with a loop. Labels with their underscore.
  void table(std::string_view block, std::span<const std::string_view> labels);
  void value(std::string_view text);
  /// The shortest decimal that reads back as the same double; nan and inf as such.
  void value(double number);
  void value(std::int64_t number);
  void end_row();
  void commit();

 private:
  void cell(std::string_view text);

  std::string path_;
  TextFile file_;
  StarStyle style_;
  std::size_t columns_ = 0, written_ = 0;
};

/// The shortest decimal that reads back as the same double.
std::string shortest_number(double value);

/// Appends the new value of a cell, ready to stand in the file (star_value), to `out`. `old` is the
/// cell as it stands, quotes included; empty for a column that is added.
using StarCellEdit = std::function<void(std::size_t row, std::string_view old, std::string& out)>;

/// A column that is replaced or, when the table has no such label, added behind the last one.
struct StarColumnEdit {
  std::string label;
  StarCellEdit value;
};

struct StarTableEdit {
  const StarTable* table = nullptr;
  std::vector<StarColumnEdit> columns;
  std::function<bool(std::size_t row)> keep{};  ///< empty = all rows
};

/// Takes text piece by piece; the pieces are borrowed for the call.
using TextSink = std::function<void(std::string_view)>;

/// Writes the document with the edits, tables in any order, each at most once. All else (values,
/// columns, blocks, comments, line ends) is copied byte for byte. Throws what `out` throws.
void rewrite_star(const StarDocument& document, std::vector<StarTableEdit> edits,
                  const TextSink& out);

}  // namespace quickbeam::io
