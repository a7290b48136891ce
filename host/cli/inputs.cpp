// SPDX-License-Identifier: BSD-3-Clause
// Names of input files from what a user gives.
#include "host/cli/inputs.hpp"

#include <glob.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <quickbeam/core/error.hpp>

#include "host/cli/common.hpp"

namespace quickbeam::cli {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

[[noreturn]] void fail_missing(const std::string& name, std::string expected, std::string found) {
  fail({.code = ErrorCode::not_found,
        .path = name,
        .field = "input",
        .expected = std::move(expected),
        .found = std::move(found)});
}

bool is_frame_name(std::string_view name) {
  for (const std::string_view outer : {".gz", ".bz2"})
    if (name.ends_with(outer)) name.remove_suffix(outer.size());
  return name.ends_with(".cbf") || name.ends_with(".npy");
}

void append_folder(const std::string& folder, Names& out) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (!entry.is_directory() && is_frame_name(entry.path().filename().string()))
      names.push_back(entry.path().string());
  if (names.empty()) fail_missing(folder, "files *.cbf, *.cbf.gz, *.cbf.bz2 or *.npy", "none");
  std::sort(names.begin(), names.end(), natural_less);
  out.insert(out.end(), names.begin(), names.end());
}

void append_glob(const std::string& pattern, Names& out) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  Names names(found.gl_pathv, found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
  ::globfree(&found);
  if (names.empty()) fail_missing(pattern, "files that match the pattern", "none");
  std::sort(names.begin(), names.end(), natural_less);
  out.insert(out.end(), names.begin(), names.end());
}

void append_lines(std::istream& in, Names& out) {
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) out.push_back(line);
  }
}

void append_list(const std::string& path, Names& out) {
  if (path == "-") return append_lines(std::cin, out);
  std::ifstream in(path);
  if (!in) fail_missing(path, "a file with one name a line", "none that can be read");
  append_lines(in, out);
}

void append(const std::string& name, Names& out) {
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return append_folder(name, out);
  if (fs::exists(name, ignored)) return out.push_back(name);
  if (name.starts_with('@')) return append_list(name.substr(1), out);
  if (name.find_first_of("*?[") != std::string::npos) return append_glob(name, out);
  out.push_back(name);  // its absence is that item's failure, not the end of the batch
}

std::size_t parse_step(std::string_view word, std::string_view text) {
  std::size_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n == 0)
    fail({.code = ErrorCode::usage,
          .field = "--select",
          .expected = "first, last, every:N, spread:N, N or A-B",
          .found = std::string(word)});
  return n;
}

/// "7" or "20-40", from 1; what lies beyond the last is not there to be chosen.
void mark_range(std::string_view word, std::vector<bool>& chosen) {
  const std::size_t dash = word.find('-');
  const std::size_t first = parse_step(word, word.substr(0, dash));
  const std::size_t last =
      dash == word.npos ? first : parse_step(word, word.substr(std::min(dash + 1, word.size())));
  for (std::size_t n = first; n <= std::min(last, chosen.size()); ++n) chosen[n - 1] = true;
}

void mark(std::string_view word, std::vector<bool>& chosen) {
  const std::size_t count = chosen.size();
  if (word == "first")
    chosen.front() = true;
  else if (word == "last")
    chosen.back() = true;
  else if (word.starts_with("every:")) {
    const std::size_t step = parse_step(word, word.substr(6));
    for (std::size_t i = 0; i < count; i += step) chosen[i] = true;
  } else if (word.starts_with("spread:")) {
    const std::size_t n = std::min(count, parse_step(word, word.substr(7)));
    for (std::size_t k = 0; k < n; ++k)
      chosen[n == 1 ? 0 : (k * (count - 1) + (n - 1) / 2) / (n - 1)] = true;
  } else {
    mark_range(word, chosen);
  }
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!digit(a[i]) || !digit(b[j])) {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i, ++j;
      continue;
    }
    const auto number = [&](std::string_view text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t start = at;
      while (at < text.size() && digit(text[at])) ++at;
      return text.substr(start, at - start);
    };
    const std::string_view x = number(a, i), y = number(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  if ((i < a.size()) != (j < b.size())) return j < b.size();
  return a < b;  // equal but for leading zeros
}

std::vector<std::size_t> select_indices(std::size_t count, std::string_view selection) {
  std::vector<bool> chosen(count, selection.empty());
  while (!selection.empty() && count > 0) {
    const std::size_t comma = std::min(selection.find(','), selection.size());
    mark(selection.substr(0, comma), chosen);
    selection.remove_prefix(std::min(comma + 1, selection.size()));
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < count; ++i)
    if (chosen[i]) indices.push_back(i);
  return indices;
}

std::vector<std::string> select_items(std::vector<std::string> items, std::string_view selection) {
  Names out;
  for (const std::size_t i : select_indices(items.size(), selection))
    out.push_back(std::move(items[i]));
  return out;
}

void Inputs::declare(CLI::App& app) {
  app.add_option("inputs", given,
                 "Files, folders, quoted patterns ('run_*.cbf'), @LIST (a file of names)");
  add_option(app, "--files-from", files_from, "Read names from FILE, - for standard input");
  add_option(app, "--select", select,
             "Of all inputs take first, last, every:N, spread:N, N, A-B (joined by commas)");
}

std::vector<std::string> Inputs::resolve() const {
  Names names;
  for (const auto& name : given) append(name, names);
  if (!files_from.empty()) append_list(files_from, names);
  if (names.empty())
    fail({.code = ErrorCode::usage,
          .field = "inputs",
          .expected = "at least one file, folder or pattern",
          .found = "none"});
  return select_items(std::move(names), select);
}

}  // namespace quickbeam::cli
