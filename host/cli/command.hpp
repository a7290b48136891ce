// SPDX-License-Identifier: BSD-3-Clause
// What every sub-command is: a name, a line of help, examples, and a function that declares its
// options.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string_view>

namespace quickbeam::cli {

/// Exit codes of the command (docs/decisions: the error contract).
enum Exit : int {
  exit_done = 0,
  exit_some_failed = 1,
  exit_usage = 2,
  exit_environment = 3,
  exit_no_device = 4,
  exit_interrupted = 75,
};

/// Declares options on `app` and returns what to run after parsing; its value is the exit code.
using Declare = std::function<int()> (*)(CLI::App& app);

struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view examples;
  Declare declare;
};

std::function<int()> declare_thumb(CLI::App& app);
std::function<int()> declare_shrink(CLI::App& app);
std::function<int()> declare_montage(CLI::App& app);
std::function<int()> declare_convert(CLI::App& app);
std::function<int()> declare_info(CLI::App& app);
std::function<int()> declare_verify(CLI::App& app);
std::function<int()> declare_simulate(CLI::App& app);
std::function<int()> declare_simulate_frames(CLI::App& app);
std::function<int()> declare_simulate_particles(CLI::App& app);
std::function<int()> declare_stats(CLI::App& app);
std::function<int()> declare_merge(CLI::App& app);
std::function<int()> declare_devices(CLI::App& app);

}  // namespace quickbeam::cli
