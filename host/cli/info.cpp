// SPDX-License-Identifier: BSD-3-Clause
// quickbeam info: what a file is.
#include <fmt/format.h>

#include <memory>

#include <quickbeam/files.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"

namespace quickbeam::cli {
namespace {

struct InfoOptions {
  std::vector<std::string> files;
  ReadOptions read;
  bool json = false, header = false;
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

Json to_json(const std::string& path, const FileDescription& d) {
  Json json;
  json["path"] = printable(path, 4096);
  json["format"] = d.format;
  json["compression"] = d.compression;
  json["stored_bytes"] = d.stored_bytes;
  json["unpacked_bytes"] = d.unpacked_bytes;
  json["frames"] = d.frames;
  json["streams"] = Json::array();
  for (const auto& stream : d.streams) json["streams"].push_back(to_json(stream));
  json["header"] = cli::to_json(d.info);
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

void print_text(const std::string& path, const FileDescription& d) {
  print_row("file", printable(path, 4096));
  print_row("format", d.compression == "none" ? d.format : d.format + " in " + d.compression);
  print_row("bytes", d.stored_bytes == d.unpacked_bytes
                         ? fmt::format("{}", d.stored_bytes)
                         : fmt::format("{} ({} unpacked)", d.stored_bytes, d.unpacked_bytes));
  print_row("frames", fmt::format("{}", d.frames));
  for (const auto& s : d.streams)
    print_row("pixels",
              fmt::format("{} x {}{} {}, {}, {} bytes at {}{}", s.extent.width, s.extent.height,
                          s.depth > 1 ? fmt::format(" x {}", s.depth) : "", name_of(s.type),
                          name_of(s.encoding), s.bytes, s.offset, s.has_md5 ? ", md5" : ""));
  const Json facts = cli::to_json(d.info);
  for (const auto& [key, value] : facts.items())
    print_row(key, value.is_string() ? value.get<std::string>() : value.dump());
  for (const auto& [key, value] : d.attributes) print_row(key, value);
  for (const auto& notice : d.info.notices) print_row("notice", printable(notice));
}

int run_info(const InfoOptions& options) {
  Json all = Json::array();
  int status = exit_done;
  for (const auto& path : options.files) {
    try {
      const FileDescription d = describe_file(path, options.read.policy());
      if (options.json)
        all.push_back(to_json(path, d));
      else if (options.header)
        fmt::print("{}\n", d.header);
      else
        print_text(path, d);
    } catch (const Error& error) {
      status = exit_some_failed;
      print_err("quickbeam: {}\n", error.what());
      if (options.json)
        all.push_back({{"path", printable(path, 4096)}, {"error", cli::to_json(error.info())}});
    }
  }
  if (options.json) {
    const Json& document = all.size() == 1 ? all.front() : all;
    fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  return status;
}

}  // namespace

std::function<int()> declare_info(CLI::App& app) {
  auto options = std::make_shared<InfoOptions>();
  app.add_option("files", options->files, "Files to describe")->required();
  app.add_flag("--json", options->json, "Print JSON");
  app.add_flag("--header", options->header, "Print the detector's text header as it stands");
  options->read.declare(app);
  options->read.declare_mode0(app);
  return [options] { return run_info(*options); };
}

}  // namespace quickbeam::cli
