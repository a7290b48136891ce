// SPDX-License-Identifier: BSD-3-Clause
// What can be known to go wrong with the outputs before the first input is read.
#include "host/src/output_check.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <unordered_map>
#include <utility>

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

/// The files of a job's inputs, by device and number: names can be spelt in many ways.
class InputFiles {
 public:
  explicit InputFiles(const std::vector<std::string>& names) : names_(names) {}

  /// The input that `output` is, or null. A link to an input is none: it is replaced, the input
  /// stays. Inputs are looked at when the first output exists.
  const std::string* same_as(const std::string& output) {
    struct stat info {};
    if (::lstat(output.c_str(), &info) != 0) return nullptr;
    if (files_.empty()) collect();
    const auto found = files_.find({info.st_dev, info.st_ino});
    return found == files_.end() ? nullptr : found->second;
  }

 private:
  void collect() {
    struct stat info {};
    for (const std::string& name : names_)
      for (const auto look : {::stat, ::lstat})
        if (look(name.c_str(), &info) == 0)
          files_.emplace(std::pair(info.st_dev, info.st_ino), &name);
  }

  const std::vector<std::string>& names_;
  std::map<std::pair<dev_t, ino_t>, const std::string*> files_;
};

/// Every name a job will write, each only once, none of them an input.
class Names {
 public:
  explicit Names(const std::vector<std::string>& inputs) : inputs_(inputs) {}

  void add(const std::string& output, const std::string& input) {
    const std::string path = fs::path(output).lexically_normal().string();
    const auto [entry, fresh] = owners_.emplace(path, input);
    if (!fresh)
      fail({.code = ErrorCode::inconsistent,
            .path = output,
            .field = "output name",
            .expected = "one input for each output (use {dir} or {stem} in -o)",
            .found = entry->second + " and " + input});
    if (const std::string* same = inputs_.same_as(output))
      fail({.code = ErrorCode::inconsistent,
            .path = output,
            .field = "output name",
            .expected = "a file other than the inputs",
            .found = *same == input ? "the input itself" : "the input " + *same});
    const fs::path folder = fs::path(path).parent_path();
    if (folder != last_folder_) make_output_folder(folder.empty() ? "." : folder.string());
    last_folder_ = folder;
  }

 private:
  InputFiles inputs_;
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
  Names names(job.inputs);
  for (const auto& [input, output] : planned_outputs(job)) names.add(output, input);
}

}  // namespace quickbeam
