// SPDX-License-Identifier: BSD-3-Clause
// quickbeam info: what a file or a set is.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <quickbeam/files.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"

namespace quickbeam::cli {
namespace {

struct InfoOptions {
  std::vector<std::string> files;
  ReadOptions read;
  bool json = false, header = false, statistics = false;
};

/// All that is said of one input.
struct Subject {
  std::string path;
  std::optional<std::int64_t> number{};
  FileDescription file;
  std::optional<MeasuredPixels> measured{};
};

Json to_json(const StreamDescription& s) {
  Json json;
  json["encoding"] = name_of(s.encoding);
  json["type"] = name_of(s.type);
  json["width"] = s.extent.width;
  json["height"] = s.extent.height;
  json["images"] = s.depth;
  json["offset"] = s.offset;
  json["bytes"] = s.bytes;
  json["md5"] = s.has_md5;
  return json;
}

Json to_json(const PixelSummary& summary) {
  Json json = Json::object();
  put(json, "min", summary.min);
  put(json, "max", summary.max);
  put(json, "mean", summary.mean);
  put(json, "sd", summary.sd);
  return json;
}

Json to_json(const SetGroup& group) {
  Json json{{"name", printable(group.name)}, {"particles", group.count}};
  if (group.image_size) json["width"] = group.image_size->width;
  if (group.image_size) json["height"] = group.image_size->height;
  put(json, "pixel_size_angstrom", group.pixel_size_angstrom);
  put(json, "voltage_kv", group.voltage_kv);
  put(json, "spherical_aberration_mm", group.spherical_aberration_mm);
  put(json, "amplitude_contrast", group.amplitude_contrast);
  return json;
}

void add_set(Json& json, const FileDescription& d) {
  json["groups"] = Json::array();
  for (const SetGroup& group : d.groups) json["groups"].push_back(to_json(group));
  json["files"] = Json::array();
  for (const SetStack& stack : d.stacks)
    json["files"].push_back({{"name", printable(stack.name, 4096)},
                             {"particles", stack.count},
                             {"missing", stack.missing}});
}

Json to_json(const Subject& subject) {
  const FileDescription& d = subject.file;
  Json json;
  json["path"] = printable(subject.path, 4096);
  put(json, "image", subject.number);
  json["format"] = d.format;
  json["compression"] = d.compression;
  json["stored_bytes"] = d.stored_bytes;
  json["unpacked_bytes"] = d.unpacked_bytes;
  json["frames"] = d.frames;
  if (d.volume_depth > 1) json["volume_depth"] = d.volume_depth;
  json["streams"] = Json::array();
  for (const auto& stream : d.streams) json["streams"].push_back(to_json(stream));
  put(json, "pixel_size_angstrom", d.pixel_size_angstrom);
  if (!d.stacks.empty()) add_set(json, d);
  json["header"] = cli::to_json(d.info);
  if (Json claimed = to_json(d.claimed); !claimed.empty()) json["claimed_statistics"] = claimed;
  if (subject.measured) {
    Json& statistics = json["statistics"] = to_json(subject.measured->summary);
    statistics["images"] = subject.measured->images;
    statistics["pixels"] = subject.measured->count;
    statistics["left_out"] = subject.measured->left_out;
  }
  if (!d.attributes.empty()) {
    Json& attributes = json["attributes"] = Json::object();
    for (const auto& [key, value] : d.attributes) attributes[key] = value;
  }
  json["notices"] = d.info.notices;
  return json;
}

void print_row(std::string_view key, std::string_view value) {
  fmt::print("{:22} {}\n", key, value);
}

std::string text_of(const SetGroup& group) {
  std::string text = fmt::format("{} particles", group.count);
  if (group.image_size)
    text += fmt::format(", {} x {} pixels", group.image_size->width, group.image_size->height);
  const auto add = [&](const std::optional<double>& value, std::string_view name,
                       std::string_view unit) {
    if (value) text += fmt::format(", {}{}{}", name, *value, unit);
  };
  add(group.pixel_size_angstrom, "", " angstrom");
  add(group.voltage_kv, "", " kV");
  add(group.spherical_aberration_mm, "Cs ", " mm");
  add(group.amplitude_contrast, "amplitude contrast ", "");
  return text;
}

void print_set(const FileDescription& d) {
  constexpr std::size_t most = 20;
  for (const SetGroup& group : d.groups)
    print_row("group " + printable(group.name), text_of(group));
  const auto missing = std::count_if(d.stacks.begin(), d.stacks.end(),
                                     [](const SetStack& stack) { return stack.missing; });
  print_row("files", missing == 0
                         ? fmt::format("{}", d.stacks.size())
                         : fmt::format("{}, {} of them missing", d.stacks.size(), missing));
  for (std::size_t i = 0; i < std::min(most, d.stacks.size()); ++i) {
    const SetStack& stack = d.stacks[i];
    const std::string count =
        stack.count == 0 ? "all its images" : fmt::format("{} particles", stack.count);
    print_row("file " + printable(stack.name, 4096), count + (stack.missing ? ", missing" : ""));
  }
  if (d.stacks.size() > most)
    print_row("", fmt::format("and {} more (--json names them all)", d.stacks.size() - most));
}

void print_statistics(const MeasuredPixels& measured) {
  print_row("true statistics",
            fmt::format("of {} pixels in {} images", measured.count, measured.images));
  const PixelSummary& s = measured.summary;
  for (const auto& [key, value] : {std::pair("true min", s.min), std::pair("true max", s.max),
                                   std::pair("true mean", s.mean), std::pair("true sd", s.sd)})
    if (value) print_row(key, fmt::format("{}", *value));
  if (measured.left_out > 0)
    print_row("left out", fmt::format("{} pixels (masked, NaN or infinite)", measured.left_out));
}

void print_text(const Subject& subject) {
  const FileDescription& d = subject.file;
  print_row("file", printable(subject.path, 4096));
  if (subject.number) print_row("image", fmt::format("{} of {}", *subject.number, d.frames));
  print_row("format", d.compression == "none" ? d.format : d.format + " in " + d.compression);
  print_row("bytes", d.stored_bytes == d.unpacked_bytes
                         ? fmt::format("{}", d.stored_bytes)
                         : fmt::format("{} ({} unpacked)", d.stored_bytes, d.unpacked_bytes));
  print_row(d.stacks.empty() ? "frames" : "particles", fmt::format("{}", d.frames));
  for (const auto& s : d.streams)
    print_row("pixels",
              fmt::format("{} x {}{} {}, {}, {} bytes at {}{}", s.extent.width, s.extent.height,
                          s.depth > 1 ? fmt::format(" x {}", s.depth) : "", name_of(s.type),
                          name_of(s.encoding), s.bytes, s.offset, s.has_md5 ? ", md5" : ""));
  const Json facts = cli::to_json(d.info);
  for (const auto& [key, value] : facts.items())
    print_row(key, value.is_string() ? value.get<std::string>() : value.dump());
  for (const auto& [key, value] : d.attributes) print_row(key, value);
  if (!d.stacks.empty()) print_set(d);
  if (subject.measured) print_statistics(*subject.measured);
  for (const auto& notice : d.info.notices) print_row("notice", printable(notice));
}

Subject look_at(const std::string& input, const InfoOptions& options) {
  const ImageAddress address = parse_address(input);
  const ImageSetOptions reading = options.read.set_options();
  Subject subject{
      .path = address.path, .number = address.number, .file = describe_file(address.path, reading)};
  if (address.number && *address.number > subject.file.frames)
    fail({.code = ErrorCode::inconsistent,
          .path = address.path,
          .field = "images",
          .expected = fmt::format("a number from 1 to {}", subject.file.frames),
          .found = fmt::format("{}", *address.number)});
  if (options.statistics) subject.measured = measure_pixels(input, reading);
  return subject;
}

int run_info(const InfoOptions& options) {
  Json all = Json::array();
  int status = exit_done;
  for (const auto& path : options.files) {
    try {
      const Subject subject = look_at(path, options);
      if (options.json)
        all.push_back(to_json(subject));
      else if (options.header)
        fmt::print("{}\n", subject.file.header);
      else
        print_text(subject);
    } catch (const Error& error) {
      status = exit_some_failed;
      print_err("quickbeam: {}\n", error.what());
      if (options.json)
        all.push_back({{"path", printable(path, 4096)}, {"error", cli::to_json(error.info())}});
    }
  }
  if (options.json) {
    const Json& document = all.size() == 1 ? all.front() : all;
    fmt::print("{}", json_text(document));
  }
  return status;
}

}  // namespace

std::function<int()> declare_info(CLI::App& app) {
  auto options = std::make_shared<InfoOptions>();
  app.add_option("files", options->files, "Files and sets to describe, or N@FILE")->required();
  app.add_flag("--json", options->json, "Print JSON");
  app.add_flag("--header", options->header, "Print the detector's text header as it stands");
  app.add_flag("--statistics", options->statistics, "Read the pixels too: true min, max, mean, sd");
  options->read.declare(app);
  options->read.declare_mode0(app);
  options->read.declare_reading(app);
  options->read.declare_sets(app);
  return [options] { return run_info(*options); };
}

}  // namespace quickbeam::cli
