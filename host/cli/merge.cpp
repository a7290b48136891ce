// SPDX-License-Identifier: BSD-3-Clause
// quickbeam merge: partial statistics joined, in any order to the same bits.
#include <memory>

#include <quickbeam/stack_statistics.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/run_options.hpp"
#include "host/cli/statistics_report.hpp"

namespace quickbeam::cli {
namespace {

struct MergeOptions {
  std::vector<std::string> files;
  StatisticsOutputOptions outputs;
  Verbosity verbosity;
  bool json = false;
};

int run_merge(const MergeOptions& options) {
  watch_interrupts();
  const StatisticsOutputs outputs = options.outputs.make();
  const StatisticsReport report = merge_statistics(options.files, outputs, &interrupted());
  return report_statistics(report, outputs, options.verbosity, options.json);
}

}  // namespace

std::function<int()> declare_merge(CLI::App& app) {
  auto options = std::make_shared<MergeOptions>();
  app.add_option("files", options->files, "Files that quickbeam stats --partial wrote")->required();
  options->outputs.declare(app);
  declare_json(app, options->json);
  app.add_flag("-v,--verbose", options->verbosity.verbose, "Show all notices");
  declare_quiet(app, options->verbosity.quiet);
  return [options] { return run_merge(*options); };
}

}  // namespace quickbeam::cli
