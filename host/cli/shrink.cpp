// SPDX-License-Identifier: BSD-3-Clause
// quickbeam shrink: thumbnails of every particle of a stack or set.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include <quickbeam/shrink.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

struct ShrinkOptions {
  Inputs inputs;
  ReadOptions read;
  Verbosity verbosity;
  DeviceOptions device;
  FailureOptions failures;
  std::string output, set, filter = "pil", scale = "float", config;
  std::int64_t size = 0;
  bool json = false, dry_run = false;
};

Json to_json(const ShrunkStack& stack) {
  Json json{{"path", printable(stack.path, 4096)},
            {"group", stack.group},
            {"images", stack.images},
            {"from_width", stack.from.width},
            {"from_height", stack.from.height},
            {"width", stack.to.width},
            {"height", stack.to.height}};
  if (stack.pixel_size_angstrom) json["pixel_size_angstrom"] = *stack.pixel_size_angstrom;
  return json;
}

Json to_json(const ShrinkReport& report) {
  Json json;
  json["stacks"] = Json::array();
  for (const ShrunkStack& stack : report.stacks) json["stacks"].push_back(to_json(stack));
  json["set"] = printable(report.set, 4096);
  json["failures"] = Json::array();
  for (const ImageSetFailure& failure : report.failures)
    json["failures"].push_back(cli::to_json(failure));
  for (const std::string& notice : report.notices)
    json["notices"].push_back(printable(notice, 4096));
  json["summary"] = {{"done", report.done},
                     {"failed", report.failed},
                     {"stopped", report.stopped},
                     {"non_finite", report.non_finite},
                     {"images_with_non_finite", report.images_with_non_finite},
                     {"backend", report.backend},
                     {"seconds", report.seconds}};
  return json;
}

ShrinkJob make_job(const ShrinkOptions& options) {
  ShrinkJob job;
  job.inputs = options.inputs.resolve();
  job.set = options.read.set_options();
  job.output = options.output;
  job.set_output = options.set;
  job.size = options.size;
  job.filter = options.filter == "exact" ? ShrinkFilter::exact : ShrinkFilter::pil;
  job.scale = options.scale == "minmax8" ? ShrinkScale::minmax8 : ShrinkScale::float32;
  job.threads = options.device.threads;
  job.on_failure = options.failures.policy();
  job.device = choose_device(options.device.device);
  job.stop = &interrupted();
  return job;
}

std::string counted(std::int64_t images) {
  return fmt::format("{} image{}", images, images == 1 ? "" : "s");
}

void say_faults(const ShrinkReport& report, bool quiet) {
  print_failures(report.failures);
  if (quiet) return;
  for (const std::string& notice : report.notices) print_err("{}\n", printable(notice, 4096));
  if (report.non_finite > 0)
    print_err("{} pixels of {} are not finite: NaN and masked ones were left out\n",
              report.non_finite, counted(report.images_with_non_finite));
}

void say_summary(const ShrinkReport& report) {
  if (report.stopped) return print_err("interrupted: nothing was written\n");
  std::string text = fmt::format("{} done", report.done);
  if (report.failed > 0) text += fmt::format(", {} failed", report.failed);
  if (const std::size_t files = report.failures.size(); files > 0)
    text += fmt::format(" ({} bad file{})", files, files == 1 ? "" : "s");
  print_err("{} in {:.2f} s ({:.0f} images/s)\n", text, report.seconds,
            static_cast<double>(report.done) / report.seconds);
  for (const ShrunkStack& stack : report.stacks)
    print_err("{}: {} of {} x {} (from {} x {}){}\n", printable(stack.path, 4096),
              counted(stack.images), stack.to.width, stack.to.height, stack.from.width,
              stack.from.height,
              stack.pixel_size_angstrom
                  ? fmt::format(", {:.6g} angstrom a pixel", *stack.pixel_size_angstrom)
                  : "");
  print_err("{}: the set of them\n", printable(report.set, 4096));
}

/// A file that cannot be opened may be of any number of images, also of none.
int exit_code(const ShrinkReport& report) {
  if (report.stopped) return exit_interrupted;
  return report.failures.empty() ? exit_done : exit_some_failed;
}

int dry_run(const ShrinkJob& job) {
  const ShrinkReport report = preview_shrink(job);
  for (const ShrunkStack& stack : report.stacks)
    fmt::print("{} of {} x {} -> {} ({} x {})\n", counted(stack.images), stack.from.width,
               stack.from.height, printable(stack.path, 4096), stack.to.width, stack.to.height);
  fmt::print("their set -> {}\n", printable(report.set, 4096));
  say_faults(report, false);
  return exit_code(report);
}

int run_shrink(const ShrinkOptions& options) {
  const ShrinkJob job = make_job(options);
  if (options.dry_run) return dry_run(job);
  watch_interrupts();
  const bool quiet = options.verbosity.quiet;
  if (!job.device.notice.empty() && !quiet) print_err("{}\n", job.device.notice);
  std::optional<Progress> progress;
  const bool shows = options.verbosity.shows_progress();
  const ShrinkReport report = shrink_images(job, [&](std::int64_t done, std::int64_t total) {
    if (!progress) progress.emplace(shows, static_cast<std::size_t>(total), "images");
    progress->reach(static_cast<std::size_t>(done));
  });
  progress.reset();
  if (options.json) print_text(stdout, json_text(to_json(report)));
  say_faults(report, quiet);
  if (!quiet) say_summary(report);
  return exit_code(report);
}

}  // namespace

std::function<int()> declare_shrink(CLI::App& app) {
  auto options = std::make_shared<ShrinkOptions>();
  options->inputs.declare(app);
  add_option(
      app, "-o,--output", options->output,
      "The stack to write: .mrcs, .mrc, .stk or .spi; images of several sizes give one stack "
      "a group, NAME_GROUP.mrcs");
  add_option(app, "--size", options->size, "Pixels along the longer side; nothing is enlarged");
  add_option(app, "--set", options->set,
             "The set of the thumbnails, .star or .xmd [the output's name with .star]");
  add_option(
      app, "--filter", options->filter,
      "pil = as Pillow's thumbnail, boxes first where it shrinks much; exact = bicubic alone "
      "[pil]")
      ->check(CLI::IsMember({"pil", "exact"}));
  add_option(app, "--scale", options->scale,
             "float = values as they are; minmax8 = whole numbers 0 to 255 between the lowest and "
             "the highest pixel of each image [float]")
      ->check(CLI::IsMember({"float", "minmax8"}));
  add_option(app, "--root", options->read.root,
             "Folder that names in a set begin at [the current one, then those above the set]");
  app.add_flag("--allow-outside", options->read.allow_outside,
               "Let names in a set be absolute or lead out of the root");
  options->device.declare(app);
  options->read.declare(app);
  options->read.declare_mode0(app);
  options->failures.declare(app, "Leave out images that cannot be read (the default)",
                            "Stop at the first image that cannot be read");
  declare_dry_run(app, options->dry_run);
  declare_json(app, options->json);
  options->verbosity.declare(app);
  return run_with_config(app, options, &run_shrink);
}

}  // namespace quickbeam::cli
