// SPDX-License-Identifier: BSD-3-Clause
// What can be known to go wrong with the outputs before the first input is read.
#include "host/src/output_check.hpp"

#include <filesystem>
#include <unordered_map>

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

/// Every name a job will write, each only once, none of them an input.
class Names {
 public:
  void add(const std::string& output, const std::string& input) {
    const std::string path = fs::path(output).lexically_normal().string();
    const auto [entry, fresh] = owners_.emplace(path, input);
    if (!fresh)
      fail({.code = ErrorCode::inconsistent,
            .path = output,
            .field = "output name",
            .expected = "one input for each output (use {dir} or {stem} in -o)",
            .found = entry->second + " and " + input});
    std::error_code ignored;
    if (fs::equivalent(output, input, ignored))
      fail({.code = ErrorCode::inconsistent,
            .path = output,
            .field = "output name",
            .expected = "a file other than the input",
            .found = "the input itself"});
    const fs::path folder = fs::path(path).parent_path();
    if (folder != last_folder_) make_output_folder(folder.empty() ? "." : folder.string());
    last_folder_ = folder;
  }

 private:
  std::unordered_map<std::string, std::string> owners_;
  fs::path last_folder_ = "\n";  // no folder has this name: the first one is always prepared
};

}  // namespace

std::vector<std::pair<std::string, std::string>> planned_outputs(const ThumbnailJob& job) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto group = static_cast<std::size_t>(job.recipe.sum_frames);
  for (std::size_t i = 0; i < job.inputs.size(); i += group) {
    const std::string& input = job.inputs[i];
    for (const Picture& picture : job.recipe.pictures)
      pairs.emplace_back(input, output_path({job.output, input, picture.suffix, {}}));
    if (!job.numeric.empty())
      pairs.emplace_back(input, output_path({job.numeric, input, ".npy", {}}));
  }
  return pairs;
}

void check_outputs(const ThumbnailJob& job) {
  Names names;
  for (const auto& [input, output] : planned_outputs(job)) names.add(output, input);
}

}  // namespace quickbeam
