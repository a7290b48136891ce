// SPDX-License-Identifier: BSD-3-Clause
// quickbeam thumb: detector frames to thumbnails.
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>

#include <quickbeam/thumbnails.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/journal.hpp"
#include "host/cli/recipe_options.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

struct ThumbOptions {
  Inputs inputs;
  ReadOptions read;
  Verbosity verbosity;
  RecipeOptions recipe;
  DeviceOptions device;
  FailureOptions failures;
  std::string output, numeric, mask, jsonl, config;
  bool json = false, dry_run = false, resume = false;
  bool print_config = false;
};

Json to_json(const ThumbnailResult& r) {
  Json json;
  json["input"] = printable(r.input, 4096);
  json["frame"] = r.frame;
  if (r.frames_added > 1) json["frames_added"] = r.frames_added;
  json["status"] = r.skipped ? "skipped" : r.error ? "failed" : "done";
  if (r.error) json["error"] = cli::to_json(*r.error);
  if (!r.notices.empty()) json["notices"] = r.notices;
  if (r.error || r.skipped) return json;
  for (const auto& output : r.outputs) json["outputs"].push_back(printable(output.path, 4096));
  json["width"] = r.extent.width;
  json["height"] = r.extent.height;
  json["level_low"] = r.levels.low;
  json["level_high"] = r.levels.high;
  json["highest"] = r.numbers.highest;
  json["valid"] = r.numbers.valid;
  json["masked"] = r.numbers.masked;
  json["saturated"] = r.numbers.saturated;
  json["backend"] = r.backend;
  json["seconds"] = r.seconds;
  return json;
}

Json to_json(const ThumbnailSummary& s, double seconds) {
  return {{"done", s.done},
          {"failed", s.failed},
          {"skipped", s.skipped},
          {"stopped", s.stopped},
          {"seconds", seconds}};
}

void print_config(const ThumbOptions& options) {
  fmt::print("preset = \"{}\"\n", options.recipe.preset);
  for (const auto& [name, value] : to_options(options.recipe.make()))
    fmt::print("{} = \"{}\"\n", name, value);
}

/// What the user sees while the job runs.
class Report {
 public:
  Report(const ThumbOptions& options, std::size_t total)
      : options_(options),
        progress_(options.verbosity.shows_progress(), total),
        jsonl_(options.jsonl) {}

  void result(const ThumbnailResult& r) {
    if (options_.json || !options_.jsonl.empty()) {
      Json json = to_json(r);
      jsonl_.line(json.dump(-1, ' ', false, Json::error_handler_t::replace));
      if (options_.json) results_.push_back(std::move(json));
    }
    if (r.error) {
      ++codes_[std::string(name_of(r.error->code))];
      say(fmt::format("quickbeam: {}", to_string(*r.error)));
    }
    if (options_.verbosity.verbose) detail(r);
    progress_.step(r.error.has_value());
  }

  void summary(const ThumbnailSummary& s, double seconds) {
    progress_.clear();
    if (options_.json) {
      Json all{{"results", std::move(results_)}, {"summary", to_json(s, seconds)}};
      print_text(stdout, json_text(all));
    }
    if (options_.verbosity.quiet) return;
    std::string text = fmt::format("{} done", s.done);
    if (s.skipped > 0) text += fmt::format(", {} up to date", s.skipped);
    if (s.failed > 0) {
      text += fmt::format(", {} failed (", s.failed);
      for (const char* comma = ""; const auto& [code, count] : codes_) {
        text += fmt::format("{}{} {}", comma, count, code);
        comma = ", ";
      }
      text += ")";
    }
    print_err(
        "{} in {:.2f} s{} -> {}\n", text, seconds,
        s.done > 1 ? fmt::format(" ({:.0f} frames/s)", static_cast<double>(s.done) / seconds) : "",
        printable(options_.output, 4096));
  }

  void say(const std::string& text) {
    progress_.clear();
    print_err("{}\n", text);
  }

 private:
  void detail(const ThumbnailResult& r) {
    for (const auto& notice : r.notices)
      say(fmt::format("{}: {}", printable(r.input, 4096), notice));
    for (const auto& output : r.outputs)
      say(fmt::format("{} -> {} ({} x {}, levels {:g} to {:g}, {:.1f} ms)",
                      printable(r.input, 4096), printable(output.path, 4096), r.extent.width,
                      r.extent.height, r.levels.low, r.levels.high, r.seconds * 1e3));
  }

  const ThumbOptions& options_;
  Progress progress_;
  LineWriter jsonl_;
  Json results_ = Json::array();
  std::map<std::string, int> codes_;
};

ThumbnailJob make_job(const ThumbOptions& options) {
  ThumbnailJob job;
  job.recipe = options.recipe.make();
  job.inputs = options.inputs.resolve();
  job.output = options.output;
  job.numeric = options.numeric;
  job.mask = options.mask;
  job.threads = options.device.threads;
  job.read = options.read.policy();
  job.on_failure = options.failures.policy();
  job.device = choose_device(options.device.device);
  job.stop = &interrupted();
  return job;
}

int dry_run(const ThumbnailJob& job) {
  for (const auto& [input, output] : planned_outputs(job))
    fmt::print("{} -> {}\n", printable(input, 4096), printable(output, 4096));
  return exit_done;
}

int exit_code(const ThumbnailSummary& summary) {
  if (interrupted()) return exit_interrupted;
  return summary.failed > 0 ? exit_some_failed : exit_done;
}

int run_thumb(const ThumbOptions& options) {
  if (options.print_config) return print_config(options), exit_done;
  if (options.output.empty())
    fail({.code = ErrorCode::usage,
          .field = "-o",
          .expected = "a folder, a file name or a template such as '{dir}/{stem}.png'",
          .found = "nothing"});
  ThumbnailJob job = make_job(options);
  if (options.dry_run) return dry_run(job);
  watch_interrupts();
  Journal journal(job, options.resume);
  job.skip = [&](auto inputs, const auto& shared) { return journal.is_done(inputs, shared); };
  Report report(options, job.inputs.size());
  if (!job.device.notice.empty() && !options.verbosity.quiet) report.say(job.device.notice);
  const auto start = std::chrono::steady_clock::now();
  const ThumbnailSummary summary = make_thumbnails(job, [&](const ThumbnailResult& r) {
    journal.record(r);
    report.result(r);
  });
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - start;
  report.summary(summary, used.count());
  return exit_code(summary);
}

}  // namespace

std::function<int()> declare_thumb(CLI::App& app) {
  auto options = std::make_shared<ThumbOptions>();
  options->inputs.declare(app);
  add_option(app, "-o,--output", options->output,
             "Folder, file name, or template with {dir} {stem} {index}");
  options->recipe.declare(app, RecipeScope::any);
  add_option(app, "--numeric", options->numeric,
             "Also write the reduced counts: template ending in .npy or .mrc, masked = -1");
  add_option(app, "--mask", options->mask, "Image file; its non-zero pixels are masked");
  options->device.declare(app);
  options->read.declare(app);
  options->failures.declare(app);
  app.add_flag("--resume", options->resume,
               "Leave out inputs whose outputs are complete and current");
  declare_dry_run(app, options->dry_run);
  declare_json(app, options->json);
  add_option(app, "--jsonl", options->jsonl, "Write one JSON line a frame to PATH, - for stdout");
  options->verbosity.declare(app);
  auto run = run_with_config(app, options, &run_thumb);
  app.add_flag("--print-config", options->print_config, "Print the recipe as a configuration file");
  return run;
}

}  // namespace quickbeam::cli
