// SPDX-License-Identifier: BSD-3-Clause
// Options and output that the sub-commands share.
#include "host/cli/common.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>

namespace quickbeam::cli {
namespace {

std::atomic<bool> interrupt_seen{false};

extern "C" void on_interrupt(int) {
  if (interrupt_seen.exchange(true)) ::_exit(75);
}

double now_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

void put(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = printable(value);
}

}  // namespace

void print_text(std::FILE* stream, const std::string& text) {
  (void)std::fwrite(text.data(), 1, text.size(), stream);
  (void)std::fflush(stream);
}

void apply_config(CLI::App& app, const std::string& path) {
  if (path.empty()) return;
  const auto refuse = [&](ErrorCode code, std::string expected, std::string found) {
    fail({.code = code,
          .path = path,
          .field = "--config",
          .expected = std::move(expected),
          .found = std::move(found)});
  };
  std::ifstream in(path);
  if (!in) refuse(ErrorCode::io, "a file that can be read", std::strerror(errno));
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(in)) {
      CLI::Option* option = app.get_option_no_throw("--" + item.name);
      if (!option || !item.parents.empty())
        refuse(ErrorCode::usage, "names of options without dashes", item.fullname());
      if (option->count() > 0) continue;
      for (const auto& value : item.inputs) option->add_result(value);
      option->run_callback();
    }
  } catch (const CLI::ParseError& error) {
    refuse(ErrorCode::usage, "values the options accept", error.what());
  }
}

void ReadOptions::declare(CLI::App& app) {
  add_option(app, "--md5", md5,
             "Compare data with the digest in the header: off, warn or error [off]")
      ->check(CLI::IsMember({"off", "warn", "error"}));
  app.add_flag("--strict", strict, "Treat oddities that are usually accepted as errors");
}

void ReadOptions::declare_mode0(CLI::App& app) {
  add_option(app, "--mode0", mode0,
             "Bytes of MRC mode 0: auto (IMOD's rule), signed, unsigned, or imod "
             "(signed, holding value - 128) [auto]")
      ->check(CLI::IsMember({"auto", "signed", "unsigned", "imod"}));
}

void ReadOptions::declare_reading(CLI::App& app) {
  app.add_flag("--stack", stack, "A file with a third dimension is a stack, whatever it says");
  app.add_flag("--volume", volume, "A file with a third dimension is a volume, whatever it says")
      ->excludes("--stack");
}

void ReadOptions::declare_sets(CLI::App& app) {
  add_option(app, "--root", root, "Folder that the names in a set begin at");
  app.add_flag("--allow-outside", allow_outside, "Names in a set may lead out of the root");
}

ImageSetOptions ReadOptions::set_options() const {
  ImageSetOptions options{.read = policy(), .allow_outside = allow_outside};
  if (!root.empty()) options.root = root;
  return options;
}

ReadPolicy ReadOptions::policy() const {
  return {.md5 = md5 == "off"    ? Md5Policy::off
                 : md5 == "warn" ? Md5Policy::warn
                                 : Md5Policy::error,
          .strict = strict,
          .mode0 = mode0 == "signed"     ? Mode0::signed_bytes
                   : mode0 == "unsigned" ? Mode0::unsigned_bytes
                   : mode0 == "imod"     ? Mode0::imod
                                         : Mode0::automatic,
          .reading = stack    ? StackReading::stack
                     : volume ? StackReading::volume
                              : StackReading::automatic};
}

void Verbosity::declare(CLI::App& app) {
  app.add_flag("-v,--verbose", verbose, "Say more: notices and one line a file");
  app.add_flag("-q,--quiet", quiet, "Say only what failed");
  add_option(app, "--progress", progress, "auto (on a terminal), always or never [auto]")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

bool Verbosity::shows_progress() const {
  if (progress != "auto") return progress == "always";
  return !quiet && ::isatty(STDERR_FILENO) == 1;
}

Progress::Progress(bool shown, std::size_t total, std::string_view noun)
    : shown_(shown), noun_(noun), total_(total) {}
Progress::~Progress() { clear(); }

void Progress::step(bool failed) {
  ++done_;
  if (failed) ++failed_;
  show();
}

void Progress::reach(std::size_t done) {
  done_ = done;
  show();
}

void Progress::show() {
  if (!shown_ || (now_seconds() - last_ < 0.1 && done_ < total_)) return;
  last_ = now_seconds();
  print_err("\r{}/{} {}, {} failed ", done_, total_, noun_, failed_);
}

void Progress::clear() {
  if (!shown_ || last_ == 0) return;
  print_err("\r\x1b[K");
}

Json to_json(const ErrorInfo& error) {
  Json json;
  json["code"] = name_of(error.code);
  put(json, "path", error.path);
  put(json, "format", error.format);
  put(json, "field", error.field);
  put(json, "offset", error.offset);
  put(json, "frame", error.frame);
  put(json, "expected", error.expected);
  put(json, "found", error.found);
  return json;
}

Json to_json(const ImageSetFailure& failure) {
  return {{"path", printable(failure.path, 4096)},
          {"images", failure.images},
          {"error", to_json(failure.error.info())}};
}

Json to_json(const FrameInfo& info) {
  Json json = Json::object();
  put(json, "detector", info.detector);
  put(json, "serial_number", info.serial_number);
  put(json, "timestamp", info.timestamp);
  put(json, "wavelength_angstrom", info.wavelength_angstrom);
  put(json, "distance_mm", info.distance_mm);
  put(json, "beam_x_px", info.beam_x_px);
  put(json, "beam_y_px", info.beam_y_px);
  put(json, "pixel_width_um", info.pixel_width_um);
  put(json, "pixel_height_um", info.pixel_height_um);
  put(json, "exposure_s", info.exposure_s);
  put(json, "period_s", info.period_s);
  put(json, "start_angle_deg", info.start_angle_deg);
  put(json, "angle_increment_deg", info.angle_increment_deg);
  put(json, "two_theta_deg", info.two_theta_deg);
  put(json, "oscillation_axis", info.oscillation_axis);
  put(json, "count_cutoff", info.count_cutoff);
  put(json, "excluded_pixels", info.excluded_pixels);
  put(json, "threshold_ev", info.threshold_ev);
  put(json, "tau_s", info.tau_s);
  put(json, "transmission", info.transmission);
  put(json, "flux", info.flux);
  put(json, "sensor_material", info.sensor_material);
  put(json, "sensor_thickness_um", info.sensor_thickness_um);
  put(json, "image_path", info.image_path);
  return json;
}

std::string json_text(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print_failures(std::span<const ImageSetFailure> failures) {
  for (const ImageSetFailure& failure : failures)
    print_err("quickbeam: {}{}\n", failure.error.what(),
              failure.images > 1 ? fmt::format(" ({} images)", failure.images) : "");
}

const std::atomic<bool>& interrupted() { return interrupt_seen; }

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

LineWriter::LineWriter(const std::string& target) {
  if (target.empty()) return;
  file_ = target == "-" ? stdout : std::fopen(target.c_str(), "we");
  if (!file_)
    fail({.code = ErrorCode::io,
          .path = target,
          .field = "--jsonl",
          .expected = "a file that can be written",
          .found = std::strerror(errno)});
}

LineWriter::~LineWriter() {
  if (file_ && file_ != stdout) std::fclose(file_);
}

void LineWriter::line(const std::string& text) {
  if (!file_) return;
  print_text(file_, text + "\n");
}

}  // namespace quickbeam::cli
