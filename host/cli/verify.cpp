// SPDX-License-Identifier: BSD-3-Clause
// quickbeam verify: the reference, the CPU and the GPU on the user's own files, value by value.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <quickbeam/verify.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/inputs.hpp"
#include "host/cli/recipe_options.hpp"
#include "host/cli/run_options.hpp"

namespace quickbeam::cli {
namespace {

struct VerifyOptions {
  Inputs inputs;
  RecipeOptions recipe;
  ReadOptions read;
  Verbosity verbosity;
  DeviceOptions device;
  std::string mask, config;
  bool json = false;
};

/// 6224001 as 6,224,001.
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

Json to_json(const VerifyDifference& d) {
  Json json{{"input", printable(d.input, 4096)}, {"frame", d.frame}};
  if (d.x && d.y) {
    json["x"] = *d.x;
    json["y"] = *d.y;
  } else {
    json["place"] = d.place;
  }
  json["expected"] = printable(d.expected);
  json["found"] = printable(d.found);
  return json;
}

Json to_json(const VerifyReport& report) {
  Json json{{"equal", report.equal()}, {"files", report.files}, {"frames", report.frames}};
  json["targets"] = json["stages"] = json["failures"] = Json::array();
  for (std::size_t i = 0; i < report.targets.size(); ++i)
    json["targets"].push_back({{"name", report.targets[i].name},
                               {"not_run", report.targets[i].not_run},
                               {"values", report.values(i)},
                               {"differences", report.differences(i)},
                               {"elsewhere", report.elsewhere(i)}});
  for (const VerifyRow& row : report.rows) {
    Json stage{{"stage", row.stage}};
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (!report.targets[i].not_run.empty()) continue;
      Json& cell = stage[report.targets[i].name];
      cell = {{"values", row.cells[i].values}, {"differences", row.cells[i].differences}};
      if (row.cells[i].elsewhere > 0) {
        cell["elsewhere"] = row.cells[i].elsewhere;
        cell["reason"] = printable(row.cells[i].reason);
      }
      if (row.cells[i].first) cell["first"] = to_json(*row.cells[i].first);
    }
    json["stages"].push_back(std::move(stage));
  }
  for (const VerifyFailure& failure : report.failures)
    json["failures"].push_back(cli::to_json(failure.error));
  return json;
}

std::string cell_text(const VerifyTarget& target, const VerifyCell& cell) {
  if (!target.not_run.empty()) return "not run";
  if (cell.elsewhere > 0 && cell.values == 0) return "not here";
  if (cell.values == 0) return "-";
  return grouped(cell.differences) + " differ";
}

void print_table(const VerifyReport& report) {
  fmt::print("{:26}{:>18}", "stage", "values");
  for (const VerifyTarget& target : report.targets) fmt::print("{:>14}", target.name);
  fmt::print("\n");
  for (const VerifyRow& row : report.rows) {
    std::uint64_t values = 0;
    for (const VerifyCell& cell : row.cells) values = std::max(values, cell.values);
    fmt::print("{:26}{:>18}", row.stage, grouped(values));
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      fmt::print("{:>14}", cell_text(report.targets[i], row.cells[i]));
    fmt::print("\n");
  }
}

void print_first(std::string_view stage, const VerifyCell& cell) {
  const VerifyDifference& d = *cell.first;
  const std::string place = d.x && d.y ? fmt::format("x {}, y {}", *d.x, *d.y) : d.place;
  fmt::print("  {}: {}, first in {}, frame {}, {}: expected {}, found {}\n", stage,
             counted(cell.differences, "difference"), printable(d.input, 4096), d.frame, place,
             printable(d.expected), printable(d.found));
}

void print_verdict(const VerifyReport& report, std::size_t i) {
  const VerifyTarget& target = report.targets[i];
  if (!target.not_run.empty()) {
    fmt::print("{}: not run: {}\n", target.name, target.not_run);
    return;
  }
  fmt::print("{}: {} in {} of {}\n", target.name, counted(report.differences(i), "difference"),
             counted(report.values(i), "value"),
             counted(static_cast<std::uint64_t>(report.frames), "frame"));
  for (const VerifyRow& row : report.rows) {
    const VerifyCell& cell = row.cells[i];
    if (cell.first) print_first(row.stage, cell);
    if (cell.elsewhere > 0)
      fmt::print("  {}: {} not compared: {}\n", row.stage, counted(cell.elsewhere, "frame"),
                 printable(cell.reason));
  }
}

void print_report(const VerifyReport& report) {
  print_table(report);
  fmt::print("\n");
  for (std::size_t i = 0; i < report.targets.size(); ++i) print_verdict(report, i);
  const auto refused = static_cast<std::uint64_t>(
      std::count_if(report.failures.begin(), report.failures.end(),
                    [](const VerifyFailure& failure) { return failure.decoded; }));
  if (refused > 0)
    fmt::print("{} cannot be decoded; row 'errors' says whether all give the same reason\n",
               counted(refused, "frame"));
  if (report.failures.size() > refused)
    fmt::print("{} not compared\n", counted(report.failures.size() - refused, "input"));
}

int run_verify(const VerifyOptions& options) {
  VerifyJob job{.recipe = options.recipe.make(),
                .inputs = options.inputs.resolve(),
                .mask = options.mask,
                .read = options.read.policy(),
                .targets = verify_targets(options.device.device),
                .threads = options.device.threads,
                .stop = &interrupted()};
  watch_interrupts();
  Progress progress(options.verbosity.shows_progress(), job.inputs.size());
  const VerifyReport report = verify(job, [&] { progress.step(false); });
  progress.clear();
  for (const VerifyFailure& failure : report.failures)
    print_err("quickbeam: {}\n", to_string(failure.error));
  if (options.json)
    print_text(stdout, json_text(to_json(report)));
  else if (!options.verbosity.quiet || !report.equal())
    print_report(report);
  if (report.stopped) return exit_interrupted;
  return report.equal() && report.failures.empty() ? exit_done : exit_some_failed;
}

}  // namespace

std::function<int()> declare_verify(CLI::App& app) {
  auto options = std::make_shared<VerifyOptions>();
  options->inputs.declare(app);
  options->recipe.declare(app, RecipeScope::single_frame);
  add_option(app, "--mask", options->mask, "Image file; its non-zero pixels are masked");
  options->device.declare(
      app,
      "auto compares all that can run, cpu the CPU only, cuda[:N,M] demands those GPUs [auto]");
  options->read.declare(app);
  app.add_flag("--json", options->json, "Print one JSON document");
  options->verbosity.declare(app);
  return run_with_config(app, options, &run_verify);
}

}  // namespace quickbeam::cli
