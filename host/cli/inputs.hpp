// SPDX-License-Identifier: BSD-3-Clause
// Names of input files from what a user gives: files, folders, quoted globs, @lists, stdin.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quickbeam::cli {

struct Inputs {
  std::vector<std::string> given{};
  std::string files_from{};
  std::string select{};

  void declare(CLI::App& app);
  /// Every input file, in the order given; the files of a folder or glob in natural order (frame 9
  /// before frame 10). Throws Error NOT_FOUND for a name that is not there or a pattern or folder
  /// without frames, USAGE when nothing is left.
  std::vector<std::string> resolve() const;
};

/// "first", "last", "every:N", "spread:N" (N of them, evenly spread, both ends included), "N" and
/// "A-B" (from 1), joined by commas. Ascending, each index (from 0) once; all for an empty
/// selection. Throws Error USAGE.
std::vector<std::size_t> select_indices(std::size_t count, std::string_view selection);

/// The items that select_indices takes of them.
std::vector<std::string> select_items(std::vector<std::string> items, std::string_view selection);

/// Digits compare as numbers, everything else as bytes.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace quickbeam::cli
