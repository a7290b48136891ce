// SPDX-License-Identifier: BSD-3-Clause
// Any text as a STAR file: an Error with its place, or tables whose cells lie in the text; a
// rewrite of them that reads back the same; a set whose ids are valid.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <quickbeam/core/error.hpp>

#include "io/particle_set.hpp"
#include "io/star_writer.hpp"

namespace {

using namespace quickbeam;
using namespace quickbeam::io;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_tables(const StarDocument& document, std::string_view text) {
  for (const auto& table : document.tables()) {
    check(!table.labels.empty() && table.labels_end <= text.size());
    std::vector<std::size_t> all(table.labels.size());
    for (std::size_t c = 0; c < all.size(); ++c) all[c] = c;
    StarColumns columns(document, table, all);
    for (std::size_t row = 0; row < table.rows(); ++row) {
      std::size_t last = 0;
      for (const auto& cell : columns.read(row)) {
        check(cell.begin < cell.end && cell.end <= text.size() && cell.begin >= last);
        last = cell.end;
      }
    }
  }
}

std::string rewritten(const StarDocument& document, std::vector<StarTableEdit> edits) {
  std::string out;
  rewrite_star(document, std::move(edits), [&](std::string_view piece) { out += piece; });
  return out;
}

/// The value a cell is given: its own where one line can hold it.
std::string value_for(std::string_view cell) {
  try {
    return star_value(cell);
  } catch (const Error&) {
    return "x";
  }
}

/// Every cell of the first table written anew, and a column added.
void check_rewrite(const StarDocument& document, std::string_view text) {
  check(rewritten(document, {}) == text);
  if (document.tables().empty()) return;
  const StarTable& table = document.tables()[0];
  for (const auto& any : document.tables())  // a block may not have a label twice
    if (any.find("_fuzz")) return;
  StarTableEdit edit{&table, {}, {}};
  for (std::size_t c = 0; c < table.labels.size(); ++c)
    edit.columns.push_back({std::string(table.labels[c].text),
                            [&, c](std::size_t row, std::string_view, std::string& out) {
                              out += value_for(document.cell(table, row, c).text);
                            }});
  edit.columns.push_back(
      {"_fuzz", [](std::size_t, std::string_view, std::string& out) { out += "new"; }});
  const std::string changed = rewritten(document, {edit});
  const StarDocument again(changed, "again.star");
  const StarTable& other = again.tables()[0];
  check(other.rows() == table.rows() && other.labels.size() == table.labels.size() + 1);
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t c = 0; c < table.labels.size(); ++c) {
      const std::string_view before = document.cell(table, row, c).text;
      const std::string_view after = again.cell(other, row, c).text;
      check(after == before || (after == "x" && value_for(before) == "x"));
    }
}

void check_set(const ParticleSet& set) {
  check(set.images.size() <= set.rows || set.format == SetFormat::list);
  for (const auto& image : set.images) {
    check(image.file < set.files.size() && image.group < set.groups.size());
    check(image.row < set.rows);
    const auto name = set.files[image.file];
    check(!name.empty() && name.front() != '/' && !name.starts_with("../"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const StarDocument document(text, "fuzz.star");
    check_tables(document, text);
    check_rewrite(document, text);
  } catch (const Error& error) {
    check(error.info().path == "fuzz.star" && error.info().offset <= size);
    check(error.info().field.find(" at line ") != std::string::npos);
  }
  for (const char* path : {"fuzz.star", "fuzz.txt"}) try {
      check_set(parse_particle_set(bytes, path));
    } catch (const Error& error) {
      check(error.info().path == path);
    }
  return 0;
}
