// SPDX-License-Identifier: BSD-3-Clause
// What `stats` and `merge` share: where results go, and what is said of them.
#pragma once

#include <string>

#include <quickbeam/stack_statistics.hpp>

#include "host/cli/common.hpp"

namespace quickbeam::cli {

/// -o, --partial, --ddof, --std, --min, --max, --count and --format.
struct StatisticsOutputOptions {
  StatisticsOutputs outputs{};
  std::string format = "mrc";
  bool no_table = false;
  void declare(CLI::App& app);
  StatisticsOutputs make() const;
};

/// --json, or a few lines on stderr; returns the exit code.
int report_statistics(const StatisticsReport& report, const StatisticsOutputs& outputs,
                      const Verbosity& verbosity, bool json);

Json to_json(const StatisticsGroup& group);

/// "64x64: 1000 images of 64 x 64 at 1.5 A"
std::string text_of(const StatisticsGroup& group);

}  // namespace quickbeam::cli
