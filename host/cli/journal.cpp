// SPDX-License-Identifier: BSD-3-Clause
// What a run has finished.
#include "host/cli/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include <quickbeam/core/error.hpp>
#include <quickbeam/crc32.hpp>
#include <quickbeam/output_name.hpp>

namespace quickbeam::cli {
namespace {

using Json = nlohmann::json;

/// Size and change time, or "absent".
std::string stat_text(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "absent";
  return fmt::format("{} {}.{:09}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

std::string content_text(std::uint64_t bytes, std::uint32_t crc) {
  return fmt::format("{} {:08x}", bytes, crc);
}

/// Size and checksum of the contents, or "absent". Outputs are small.
std::string content_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "absent";
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  return content_text(bytes.size(), crc32(std::as_bytes(std::span(bytes))));
}

std::string text_hash(std::string_view text) {
  return fmt::format("{:08x}", crc32(std::as_bytes(std::span(text))));
}

std::string recipe_text(const ThumbnailJob& job) {
  std::string text = job.recipe.preset;
  for (const auto& [name, value] : to_options(job.recipe)) text += "\n" + name + "=" + value;
  text += "\nmask=" + job.mask + " " + (job.mask.empty() ? "" : stat_text(job.mask));
  text += "\nnumeric=" + job.numeric;
  return text_hash(text);
}

/// Text as JSON can hold it, which any file name is not: bytes beyond ASCII as %XX.
std::string to_ascii(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    if (static_cast<unsigned char>(c) < 0x80 && c != '%')
      text += c;
    else
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// What to_ascii was given.
std::string from_ascii(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ec == std::errc{}) {
      bytes += static_cast<char>(value);
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::string with_checksum(const std::string& text) { return text_hash(text) + " " + text + "\n"; }

}  // namespace

Journal::Journal(const ThumbnailJob& job, bool resume)
    : recipe_(recipe_text(job)), shares_levels_(job.recipe.levels_from == LevelsFrom::collection) {
  if (!names_folder(job.output)) {
    if (!resume) return;
    fail({.code = ErrorCode::usage,
          .field = "--resume",
          .expected = "a folder as output, which holds the record of finished inputs",
          .found = job.output});
  }
  make_output_folder(job.output);
  lock_ = std::make_unique<FolderLock>(job.output);
  const std::string path = job.output + "/.quickbeam-journal";
  if (resume) load(path);
  file_ = std::fopen(path.c_str(), resume ? "ae" : "we");
}

Journal::~Journal() {
  if (file_) std::fclose(file_);
}

void Journal::load(const std::string& path) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.size() < 10 || with_checksum(line.substr(9)) != line + "\n") continue;
    const Json json = Json::parse(line.substr(9), nullptr, false);
    if (json.is_discarded()) continue;
    Entry& entry = done_[from_ascii(json.at("input").get<std::string>())];
    entry = {from_ascii(json.at("state").get<std::string>()), json.at("outputs"),
             json.at("output_states")};
    for (std::string& output : entry.outputs) output = from_ascii(output);
  }
}

std::string Journal::state_of(std::span<const std::string> inputs,
                              const std::optional<LevelRange>& shared) const {
  std::string state = recipe_;
  for (const auto& input : inputs) state += " " + input + " " + stat_text(input);
  if (shared) state += fmt::format(" {} {}", shared->low, shared->high);
  return state;
}

bool Journal::is_done(std::span<const std::string> inputs,
                      const std::optional<LevelRange>& shared) const {
  const auto found = done_.find(inputs.front());
  if (found == done_.end() || found->second.state != state_of(inputs, shared)) return false;
  const Entry& entry = found->second;
  for (std::size_t i = 0; i < entry.outputs.size(); ++i)
    if (content_text(entry.outputs[i]) != entry.output_states[i]) return false;
  return true;
}

void Journal::record(const ThumbnailResult& result) {
  if (!file_ || result.skipped) return;
  pending_failed_ = pending_failed_ || result.error.has_value();
  for (const auto& output : result.outputs) {
    pending_.outputs.push_back(to_ascii(output.path));
    pending_.output_states.push_back(content_text(output.bytes, output.crc32));
  }
  if (!result.last_of_input) return;
  if (!pending_failed_) {
    std::vector<std::string> inputs{result.input};
    inputs.insert(inputs.end(), result.added.begin(), result.added.end());
    const auto shared = shares_levels_ ? std::optional(result.levels) : std::nullopt;
    const Json json{{"input", to_ascii(result.input)},
                    {"state", to_ascii(state_of(inputs, shared))},
                    {"outputs", pending_.outputs},
                    {"output_states", pending_.output_states}};
    const std::string line = with_checksum(json.dump());
    (void)std::fwrite(line.data(), 1, line.size(), file_);
    (void)std::fflush(file_);
  }
  pending_ = {};
  pending_failed_ = false;
}

}  // namespace quickbeam::cli
