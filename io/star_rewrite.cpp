// SPDX-License-Identifier: BSD-3-Clause
// Copies a STAR file, with some columns changed and some rows left out.
#include <algorithm>

#include "io/ascii.hpp"
#include "io/star_writer.hpp"

namespace quickbeam::io {
namespace {

class StarCopy {
 public:
  StarCopy(const StarDocument& document, const TextSink& out)
      : source_(document.source()), out_(out), line_end_(line_end_of(source_.text)) {}

  void apply(const StarTableEdit& edit) {
    edit_ = &edit;
    table_ = edit.table;
    sort_columns();
    if (table_->layout == StarLayout::loop)
      loop();
    else
      pairs();
  }

  void finish() { copy_to(source_.text.size()); }

 private:
  /// An edit of a column that is there, by ascending column.
  struct Replaced {
    std::size_t column;
    const StarCellEdit* value;
  };

  static std::string_view line_end_of(std::string_view text) {
    const std::size_t end = text.find('\n');
    return end != text.npos && end > 0 && text[end - 1] == '\r' ? "\r\n" : "\n";
  }

  void sort_columns() {
    replaced_.clear();
    added_.clear();
    for (const auto& column : edit_->columns) {
      if (const auto found = table_->find(column.label))
        replaced_.push_back({*found, &column.value});
      else
        added_.push_back(&column);
    }
    std::sort(replaced_.begin(), replaced_.end(),
              [](const auto& a, const auto& b) { return a.column < b.column; });
  }

  void copy_to(std::size_t end) {
    if (end > at_) out_(source_.text.substr(at_, end - at_));
    at_ = std::max(at_, end);
  }

  bool kept(std::size_t row) const { return !edit_->keep || edit_->keep(row); }

  static constexpr std::size_t none = std::string_view::npos;

  /// Writes the new value over the token. A text block began a line of its own; its value follows
  /// what ends at `before` instead (a remark between the two goes), unless it begins its row
  /// (none).
  void replace(std::size_t row, const StarToken& token, const StarCellEdit& value,
               std::size_t before) {
    const std::string_view text = source_.text;
    std::size_t begin = token.begin;
    cell_.clear();
    if (before != none && text[begin] == ';' && text[begin - 1] == '\n') {
      begin = before;
      cell_ = " ";
    }
    copy_to(begin);
    value(row, text.substr(token.begin, token.end - token.begin), cell_);
    out_(cell_);
    at_ = token.end;
  }

  void loop() {
    copy_to(table_->labels_end);
    std::size_t columns = table_->labels.size();
    const bool numbered =
        source_.text
            .substr(table_->labels.back().offset, table_->labels_end - table_->labels.back().offset)
            .find('#') != std::string_view::npos;
    for (const auto* column : added_) {
      out_(line_end_);
      out_(indentation());
      out_(column->label);
      ++columns;
      if (numbered) out_(" #" + std::to_string(columns));
    }
    if (!added_.empty() && row_on_label_line()) out_(line_end_);
    for (std::size_t row = 0; row < table_->starts.size(); ++row) {
      if (kept(row))
        change_row(row);
      else
        drop_row(row);
    }
  }

  /// STAR allows it, but an added label must not be followed by a value on its line.
  bool row_on_label_line() const {
    const std::string_view rest = source_.text.substr(table_->labels_end);
    return !trimmed(rest.substr(0, rest.find('\n'))).empty();
  }

  /// Of the last label: Xmipp puts a blank before each.
  std::string_view indentation() const {
    const std::string_view before = source_.text.substr(0, table_->labels.back().offset);
    const std::string_view line = before.substr(before.rfind('\n') + 1);  // npos + 1 == 0
    return trimmed(line).empty() ? line : std::string_view{};
  }

  void change_row(std::size_t row) {
    StarTokens tokens(source_, table_->starts[row]);
    std::size_t done = 0;
    std::size_t before = none;
    for (const auto& [column, value] : replaced_) {
      for (; done < column; ++done) before = tokens.next().end;
      const StarToken token = tokens.next();
      replace(row, token, *value, before);
      before = token.end;
      ++done;
    }
    if (added_.empty()) return;
    std::size_t end = at_;
    for (; done < table_->labels.size(); ++done) end = tokens.next().end;
    copy_to(end);
    for (const auto* column : added_) {
      cell_ = " ";
      column->value(row, {}, cell_);
      out_(cell_);
    }
  }

  void drop_row(std::size_t row) {
    copy_to(table_->starts[row]);
    StarTokens tokens(source_, at_);
    for (std::size_t i = 0; i < table_->labels.size(); ++i) (void)tokens.next();
    const std::size_t end = source_.text.find('\n', tokens.at());
    at_ = end == std::string_view::npos ? source_.text.size() : end + 1;
  }

  void pairs() {
    if (!kept(0)) {
      copy_to(table_->labels.front().offset);
      at_ = table_->labels_end;
      return;
    }
    for (const auto& [column, value] : replaced_) {
      const auto& label = table_->labels[column];
      replace(0, StarTokens(source_, table_->starts[column]).next(), *value,
              label.offset + label.text.size());
    }
    copy_to(table_->labels_end);
    for (const auto* column : added_) {
      cell_ = std::string(line_end_) + column->label + " ";
      column->value(0, {}, cell_);
      out_(cell_);
    }
  }

  const StarText& source_;
  const TextSink& out_;
  std::string_view line_end_;
  std::size_t at_ = 0;  // copied so far
  const StarTableEdit* edit_ = nullptr;
  const StarTable* table_ = nullptr;
  std::vector<Replaced> replaced_;
  std::vector<const StarColumnEdit*> added_;
  std::string cell_;
};

}  // namespace

void rewrite_star(const StarDocument& document, std::vector<StarTableEdit> edits,
                  const TextSink& out) {
  std::sort(edits.begin(), edits.end(),
            [](const auto& a, const auto& b) { return a.table->labels_end < b.table->labels_end; });
  StarCopy copy(document, out);
  for (const auto& edit : edits) copy.apply(edit);
  copy.finish();
}

}  // namespace quickbeam::io
