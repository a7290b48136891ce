// SPDX-License-Identifier: BSD-3-Clause
// Options of how a sub-command runs: where, on how many threads, what a failure does, what is said.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <quickbeam/thumbnails.hpp>

#include "host/cli/common.hpp"

namespace quickbeam::cli {

void declare_threads(CLI::App& app, unsigned& threads);
void declare_dry_run(CLI::App& app, bool& dry_run);
void declare_json(CLI::App& app, bool& json);
void declare_quiet(CLI::App& app, bool& quiet);

/// --device and --threads.
struct DeviceOptions {
  std::string device = "auto";
  unsigned threads = 0;  ///< 0 = one a core
  void declare(CLI::App& app, const std::string& help = "auto, cpu, cuda or cuda:N[,M...] [auto]");
};

/// --keep-going and --fail-fast.
struct FailureOptions {
  bool keep_going = false, fail_fast = false;
  void declare(CLI::App& app, const std::string& go_on = "Go on after a bad file (the default)",
               const std::string& stop = "Stop at the first bad file");
  OnFailure policy() const { return fail_fast ? OnFailure::stop : OnFailure::keep_going; }
};

/// Declares --config and returns `run` of the options, after the file's settings are applied.
template <class Options>
std::function<int()> run_with_config(CLI::App& app, std::shared_ptr<Options> options,
                                     int (*run)(const Options&)) {
  add_option(app, "--config", options->config, "Read options from a TOML or INI file");
  return [&app, run, options = std::move(options)] {
    apply_config(app, options->config);
    return run(*options);
  };
}

}  // namespace quickbeam::cli
