// SPDX-License-Identifier: BSD-3-Clause
// Options of how a sub-command runs.
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {

void declare_threads(CLI::App& app, unsigned& threads) {
  add_option(app, "--threads", threads, "Threads; 0 = one a core [0]");
}

void declare_dry_run(CLI::App& app, bool& dry_run) {
  app.add_flag("--dry-run", dry_run, "Only show what would be written");
}

void declare_json(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "Print one JSON document at the end");
}

void declare_quiet(CLI::App& app, bool& quiet) {
  app.add_flag("-q,--quiet", quiet, "Say only what failed");
}

void DeviceOptions::declare(CLI::App& app, const std::string& help) {
  add_option(app, "--device", device, help);
  declare_threads(app, threads);
}

void FailureOptions::declare(CLI::App& app, const std::string& go_on, const std::string& stop) {
  app.add_flag("--keep-going", keep_going, go_on);
  app.add_flag("--fail-fast", fail_fast, stop)->excludes("--keep-going");
}

}  // namespace quickbeam::cli
