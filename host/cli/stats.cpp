// SPDX-License-Identifier: BSD-3-Clause
// quickbeam stats: mean and variance of every pixel over a stack or set.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include <quickbeam/stack_statistics.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/statistics_report.hpp"

namespace quickbeam::cli {
namespace {

struct StatsOptions {
  Inputs inputs;
  ReadOptions read;
  Verbosity verbosity;
  StatisticsOutputOptions outputs;
  std::string part, mask, root, device = "auto", config;
  unsigned threads = 0;
  bool allow_outside = false, fail_fast = false, keep_going = false, json = false, dry_run = false;
  bool volume = false;
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
  job.set.read = options.read.policy();
  if (!options.root.empty()) job.set.root = options.root;
  job.set.allow_outside = options.allow_outside;
  if (options.volume) job.set.items = ImageItems::volumes;
  job.region.radius = number_in<double>(options.mask);
  if (!job.region.radius) job.region.file = options.mask;
  set_part(options.part, job);
  job.threads = options.threads;
  job.device = choose_device(options.device);
  job.on_failure = options.fail_fast ? OnFailure::stop : OnFailure::keep_going;
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
  add_option(app, "--root", options->root, "Folder that the names in a set begin at");
  app.add_flag("--allow-outside", options->allow_outside,
               "Names in a set may lead out of the root");
  add_option(app, "--device", options->device, "auto, cpu, cuda or cuda:N[,M...] [auto]");
  add_option(app, "--threads", options->threads, "Threads; 0 = one a core [0]");
  options->read.declare(app);
  options->read.declare_mode0(app);
  app.add_flag("--volume", options->volume,
               "Files with a third dimension are volumes, each as one image; maps are volumes too "
               "[sections are images]");
  app.add_flag("--keep-going", options->keep_going, "Go on after a bad file (the default)");
  app.add_flag("--fail-fast", options->fail_fast, "Stop at the first bad file")
      ->excludes("--keep-going");
  app.add_flag("--dry-run", options->dry_run, "Only show the groups and what would be written");
  app.add_flag("--json", options->json, "Print one JSON document at the end");
  options->verbosity.declare(app);
  add_option(app, "--config", options->config, "Read options from a TOML or INI file");
  return [options, &app] {
    apply_config(app, options->config);
    return run_stats(*options);
  };
}

}  // namespace quickbeam::cli
