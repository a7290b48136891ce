// SPDX-License-Identifier: BSD-3-Clause
// Options and output that the sub-commands share.
#pragma once

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/image_set.hpp>
#include <quickbeam/read_policy.hpp>

namespace quickbeam::cli {

using Json = nlohmann::ordered_json;

/// Writes and flushes; a stream that is closed or full loses the text, never the work.
void print_text(std::FILE* stream, const std::string& text);

/// A message for the user.
template <class... Args>
void print_err(fmt::format_string<Args...> text, Args&&... args) {
  print_text(stderr, fmt::format(text, std::forward<Args>(args)...));
}

/// Adds an option that can also be set by QUICKBEAM_<NAME> in the environment.
template <class T>
CLI::Option* add_option(CLI::App& app, const std::string& flags, T& value,
                        const std::string& help) {
  CLI::Option* option = app.add_option(flags, value, help);
  std::string name = "QUICKBEAM_";
  for (const char c : option->get_lnames().at(0))
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return option->envname(name);
}

/// Sets every option of `app` that neither the command line nor the environment has set from a TOML
/// or INI file (`name = value` lines). Throws Error USAGE for a name that is no option, IO.
void apply_config(CLI::App& app, const std::string& path);

/// --md5, --strict, --mode0, --stack and --volume, and where the names in a set begin.
struct ReadOptions {
  std::string md5 = "off";
  bool strict = false;
  std::string mode0 = "auto";
  bool stack = false, volume = false;
  std::string root;
  bool allow_outside = false;
  void declare(CLI::App& app);
  void declare_mode0(CLI::App& app);
  void declare_reading(CLI::App& app);
  void declare_sets(CLI::App& app);
  ReadPolicy policy() const;
  ImageSetOptions set_options() const;
};

/// -v, -q and --progress: what is said on stderr.
struct Verbosity {
  bool verbose = false, quiet = false;
  std::string progress = "auto";
  void declare(CLI::App& app);
  bool shows_progress() const;  ///< auto: only when stderr is a terminal
};

/// A line that rewrites itself on a terminal.
class Progress {
 public:
  Progress(bool shown, std::size_t total, std::string_view noun = "frames");
  ~Progress();
  void step(bool failed);
  /// That many are done in all, none failed.
  void reach(std::size_t done);
  /// Removes the line, so that a message can be printed.
  void clear();

 private:
  void show();

  bool shown_;
  std::string_view noun_;
  std::size_t total_, done_ = 0, failed_ = 0;
  double last_ = 0;
};

/// A value under its key, where there is one.
template <class T>
void put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

Json to_json(const ErrorInfo& error);
Json to_json(const ImageSetFailure& failure);
Json to_json(const FrameInfo& info);
/// A document as it is printed; bytes that are not UTF-8 are replaced.
std::string json_text(const Json& document);

/// Failures as messages.
void print_failures(std::span<const ImageSetFailure> failures);

/// Set by the first SIGINT or SIGTERM; a second one ends the process at once.
const std::atomic<bool>& interrupted();
void watch_interrupts();

/// Writes text to a file, or to stdout for "-"; a closed stdout is not an error.
class LineWriter {
 public:
  explicit LineWriter(const std::string& target);
  ~LineWriter();
  void line(const std::string& text);

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace quickbeam::cli
