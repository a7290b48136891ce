// SPDX-License-Identifier: BSD-3-Clause
// New STAR tables, value by value.
#include "io/star_writer.hpp"

#include <charconv>

namespace quickbeam::io {

namespace {

constexpr std::size_t write_bytes = std::size_t{1} << 20;

std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace

void TextFile::write(std::string_view text) {
  if (pending_.size() + text.size() > write_bytes) flush();
  if (text.size() > write_bytes)
    file_.write(bytes_of(text));
  else
    pending_ += text;
}

void TextFile::flush() {
  file_.write(bytes_of(pending_));
  pending_.clear();
}

void TextFile::commit() {
  flush();
  file_.commit();
}

std::string shortest_number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

void StarWriter::comment(std::string_view text) {
  file_.write("# ");
  file_.write(printable(text));
  file_.write("\n");
}

void StarWriter::table(std::string_view block, std::span<const std::string_view> labels) {
  // RELION stops reading a table at an empty line, so there is one before each heading.
  const bool relion = style_ == StarStyle::relion;
  file_.write(relion ? "\ndata_" : "# \ndata_");
  file_.write(block);
  file_.write(relion ? "\n\nloop_ \n" : "\nloop_\n");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    file_.write(relion ? "" : " ");
    file_.write(labels[i]);
    file_.write(relion ? " #" + std::to_string(i + 1) + " \n" : "\n");
  }
  columns_ = labels.size();
}

void StarWriter::cell(std::string_view text) {
  file_.write(text);
  file_.write(" ");
  ++written_;
}

void StarWriter::value(std::string_view text) { cell(star_value(text)); }
void StarWriter::value(double number) { cell(shortest_number(number)); }
void StarWriter::value(std::int64_t number) { cell(std::to_string(number)); }

void StarWriter::end_row() {
  if (written_ != columns_)
    fail({.code = ErrorCode::usage,
          .path = path_,
          .format = "STAR",
          .field = "row",
          .expected = std::to_string(columns_) + " values",
          .found = std::to_string(written_)});
  file_.write("\n");
  written_ = 0;
}

void StarWriter::commit() {
  file_.write("\n");
  file_.commit();
}

}  // namespace quickbeam::io
