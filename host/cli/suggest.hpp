// SPDX-License-Identifier: BSD-3-Clause
// "Did you mean": the nearest sub-command or option to what was typed.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>

namespace quickbeam::cli {

/// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate within a third of the word's length in edits, or empty.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// A line for the first word on the command line that is no known sub-command or option, or empty.
std::string suggestion(const CLI::App& app, int argc, char** argv);

}  // namespace quickbeam::cli
