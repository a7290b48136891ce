// SPDX-License-Identifier: BSD-3-Clause
// What `stats` and `merge` share: where results go, and what is said of them.
#include "host/cli/statistics_report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "host/cli/command.hpp"

namespace quickbeam::cli {
namespace {

/// As many notices as are read.
constexpr std::size_t most_notices = 10;

std::string target_of(const StatisticsOutputs& outputs) {
  return printable(outputs.folder.empty() ? outputs.partial : outputs.folder, 4096);
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::int64_t images_in(const StatisticsReport& report) {
  std::int64_t images = 0;
  for (const StatisticsGroup& group : report.groups) images += group.images;
  return images;
}

std::int64_t failed_images(const StatisticsReport& report) {
  std::int64_t images = 0;
  for (const ImageSetFailure& failure : report.failures) images += failure.images;
  return images;
}

double gigabytes_per_second(const StatisticsReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.bytes) / report.seconds * 1e-9 : 0;
}

Json document_of(const StatisticsReport& report) {
  Json json{{"groups", Json::array()}, {"failures", Json::array()}, {"notices", Json::array()}};
  for (const StatisticsGroup& group : report.groups) json["groups"].push_back(to_json(group));
  for (const ImageSetFailure& failure : report.failures)
    json["failures"].push_back(to_json(failure));
  for (const std::string& notice : report.notices)
    json["notices"].push_back(printable(notice, 4096));
  json["outputs"] = Json::array();
  for (const std::string& path : report.outputs) json["outputs"].push_back(printable(path, 4096));
  json["summary"] = {{"images", images_in(report)},
                     {"failed_images", failed_images(report)},
                     {"stopped", report.stopped},
                     {"seconds", report.seconds},
                     {"bytes", report.bytes}};
  if (!report.backend.empty()) json["summary"]["backend"] = report.backend;
  return json;
}

void print_group(const StatisticsGroup& group) {
  std::string text = text_of(group);
  if (std::isfinite(group.mean)) text += fmt::format(", mean {:.6g}", group.mean);
  if (group.missing_values > 0) text += fmt::format(", {} values not finite", group.missing_values);
  print_err("{}\n", text);
}

void print_summary(const StatisticsReport& report, const StatisticsOutputs& outputs) {
  std::string text = fmt::format("{} images", images_in(report));
  if (!report.failures.empty()) text += fmt::format(", {} failed", failed_images(report));
  text += fmt::format(" in {:.2f} s", report.seconds);
  if (report.bytes > 0) text += fmt::format(" ({:.2f} GB/s)", gigabytes_per_second(report));
  print_err("{} -> {}\n", text, target_of(outputs));
}

}  // namespace

void StatisticsOutputOptions::declare(CLI::App& app) {
  add_option(app, "-o,--output", outputs.folder, "Folder for average, variance and particles.star");
  add_option(app, "--partial", outputs.partial,
             "Also, or only, write what quickbeam merge joins: a .qbstat file");
  add_option(app, "--ddof", outputs.ddof, "Variance = sum of squares / (n - DDOF), 0 or 1 [0]")
      ->check(CLI::IsMember({0, 1}));
  app.add_flag(
      "--no-table", no_table,
      "Leave out particles.star, and the statistics of the images: half of the arithmetic");
  app.add_flag("--std", outputs.sd, "Also write std: the square root of the variance");
  app.add_flag("--min", outputs.min, "Also write min");
  app.add_flag("--max", outputs.max, "Also write max");
  app.add_flag("--count", outputs.count, "Also write count: finite values at each pixel");
  add_option(app, "--format", format, "mrc (float32) or npy (float64) [mrc]")
      ->check(CLI::IsMember({"mrc", "npy"}));
}

StatisticsOutputs StatisticsOutputOptions::make() const {
  StatisticsOutputs made = outputs;
  made.table = !no_table;
  made.format = format == "npy" ? StatisticsOutputs::Format::npy : StatisticsOutputs::Format::mrc;
  return made;
}

std::string text_of(const StatisticsGroup& group) {
  const bool volumes = group.sections > 1;
  std::string text =
      fmt::format("{}: {} {} of {} x {}", printable(group.name), group.images,
                  volumes ? "volumes" : "images", group.extent.width, group.extent.height);
  if (volumes) text += fmt::format(" x {}", group.sections);
  if (group.pixel_size_angstrom) text += fmt::format(" at {:g} A", *group.pixel_size_angstrom);
  return text;
}

Json to_json(const StatisticsGroup& group) {
  Json json{{"name", printable(group.name)},
            {"width", group.extent.width},
            {"height", group.extent.height}};
  if (group.sections > 1) json["sections"] = group.sections;
  if (group.pixel_size_angstrom) json["pixel_size_angstrom"] = *group.pixel_size_angstrom;
  json["images"] = group.images;
  json["total"] = group.total;
  json["values_not_finite"] = group.missing_values;
  json["pixels_never_seen"] = group.pixels_never_seen;
  json["mean"] = number(group.mean);
  return json;
}

int report_statistics(const StatisticsReport& report, const StatisticsOutputs& outputs,
                      const Verbosity& verbosity, bool json) {
  print_failures(report.failures);
  if (json) print_text(stdout, json_text(document_of(report)));
  if (report.stopped) {
    print_err("stopped: nothing was written\n");
    return exit_interrupted;
  }
  if (!verbosity.quiet) {
    const std::size_t shown =
        verbosity.verbose ? report.notices.size() : std::min(most_notices, report.notices.size());
    for (std::size_t i = 0; i < shown; ++i)
      print_err("{}\n", printable(report.notices[report.notices.size() - shown + i], 4096));
    if (shown < report.notices.size())
      print_err("{} more notices: -v shows them\n", report.notices.size() - shown);
    for (const StatisticsGroup& group : report.groups) print_group(group);
    print_summary(report, outputs);
  }
  return report.failures.empty() ? exit_done : exit_some_failed;
}

}  // namespace quickbeam::cli
