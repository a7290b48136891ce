// SPDX-License-Identifier: BSD-3-Clause
// Statistics as files: maps of the pixels, a table of the images.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <quickbeam/stack_statistics.hpp>

#include "host/src/statistics_facts.hpp"

namespace quickbeam {

/// What is known of a group in the end. Memory: 36 bytes a pixel.
struct StatisticsResult {
  GroupFacts facts{};
  std::int64_t images = 0, total = 0;  ///< counted; in all
  Planes blocks{};                     ///< by block; empty where no leaf is there

  /// Joins what other images gave behind what is there.
  void add(std::int64_t first_block, Planes planes);
};

/// One image, and where it belongs.
struct StatisticsRow {
  ImageRow row{};
  std::size_t group = 0;
  std::string name{};
};
/// The images in the order in which they are to stand.
struct StatisticsRows {
  std::uint64_t count = 0;
  std::function<StatisticsRow(std::uint64_t)> at{};
};

/// Names in file names: letters, digits, '.', '-' and '_' stay, no two are the same.
std::vector<std::string> file_names_of(const std::vector<std::string>& groups);

/// The files that will be written, in order; `groups` = file_names_of.
std::vector<std::string> statistics_paths(const StatisticsOutputs& outputs,
                                          const std::vector<std::string>& groups);

/// Makes the folder and tries each path. Throws Error USAGE when nothing is to be written or ddof
/// is neither 0 nor 1, IO, INCONSISTENT when an output is one of the inputs.
void check_outputs(const StatisticsOutputs& outputs, const std::vector<std::string>& groups,
                   std::span<const std::string> inputs);

/// Writes the maps and the table into outputs.folder; returns the paths. Groups without an image
/// have no maps. Throws Error IO.
std::vector<std::string> write_statistics(const StatisticsOutputs& outputs,
                                          const std::vector<StatisticsResult>& results,
                                          const std::vector<std::string>& groups,
                                          const StatisticsRows& rows);

/// The groups of a report; notices say what is not there.
void report_groups(const std::vector<StatisticsResult>& results, const StatisticsRows& rows,
                   StatisticsReport& report);

}  // namespace quickbeam
