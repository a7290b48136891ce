// SPDX-License-Identifier: BSD-3-Clause
// quickbeam stats: mean and variance of every pixel over a stack or set.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include <quickbeam/mapped_files.hpp>
#include <quickbeam/stack_statistics.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/run_options.hpp"
#include "host/cli/statistics_report.hpp"

namespace quickbeam::cli {
namespace {

struct StatsOptions {
  Inputs inputs;
  ReadOptions read;
  Verbosity verbosity;
  StatisticsOutputOptions outputs;
  DeviceOptions device;
  FailureOptions failures;
  std::string part, mask, config;
  bool json = false, dry_run = false, volume = false;
};

/// The whole text as a number, or none.
template <class T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void set_part(const std::string& text, StatisticsJob& job) {
  if (text.empty()) return;
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto part = number_in<std::int64_t>(std::string_view(text).substr(0, slash));
  const auto parts =
      number_in<std::int64_t>(std::string_view(text).substr(std::min(slash + 1, text.size())));
  if (!part || !parts)
    fail({.code = ErrorCode::usage,
          .field = "--part",
          .expected = "K/N with K from 1 to N",
          .found = text});
  job.part = *part;
  job.parts = *parts;
}

StatisticsJob make_job(const StatsOptions& options) {
  StatisticsJob job;
  job.inputs = options.inputs.resolve();
  job.set = options.read.set_options();
  if (options.volume) job.set.items = ImageItems::volumes;
  job.region.radius = number_in<double>(options.mask);
  if (!job.region.radius) job.region.file = options.mask;
  set_part(options.part, job);
  job.threads = options.device.threads;
  job.device = choose_device(options.device.device);
  job.on_failure = options.failures.policy();
  job.outputs = options.outputs.make();
  job.stop = &interrupted();
  return job;
}

int dry_run(const StatisticsJob& job) {
  const StatisticsPreview preview = preview_statistics(job);
  print_failures(preview.failures);
  for (StatisticsGroup group : preview.groups) {
    group.images = group.total;
    fmt::print("{}\n", text_of(group));
  }
  for (const std::string& path : preview.outputs) fmt::print("-> {}\n", printable(path, 4096));
  return preview.failures.empty() ? exit_done : exit_some_failed;
}

int run_stats(const StatsOptions& options) {
  const StatisticsJob job = make_job(options);
  if (options.dry_run) return dry_run(job);
  allow_mapped_files();
  watch_interrupts();
  std::optional<Progress> progress;
  const StatisticsReport report = compute_statistics(job, [&](std::int64_t n, std::int64_t total) {
    if (!progress)
      progress.emplace(options.verbosity.shows_progress(), static_cast<std::size_t>(total),
                       "images");
    progress->reach(static_cast<std::size_t>(n));
  });
  progress.reset();
  return report_statistics(report, job.outputs, options.verbosity, options.json);
}

}  // namespace

std::function<int()> declare_stats(CLI::App& app) {
  auto options = std::make_shared<StatsOptions>();
  options->inputs.declare(app);
  options->outputs.declare(app);
  add_option(app, "--part", options->part,
             "Take part K of N only, as K/N: for --partial, on several machines");
  add_option(app, "--mask", options->mask,
             "Radius in pixels around the middle, or an image file whose non-zero pixels count");
  options->read.declare_sets(app);
  options->device.declare(app);
  options->read.declare(app);
  options->read.declare_mode0(app);
  app.add_flag("--volume", options->volume,
               "Files with a third dimension are volumes, each as one image; maps are volumes too "
               "[sections are images]");
  options->failures.declare(app);
  app.add_flag("--dry-run", options->dry_run, "Only show the groups and what would be written");
  declare_json(app, options->json);
  options->verbosity.declare(app);
  return run_with_config(app, options, &run_stats);
}

}  // namespace quickbeam::cli
