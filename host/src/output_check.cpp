// SPDX-License-Identifier: BSD-3-Clause
// What can be known to go wrong with the outputs before the first input is read.
#include "host/src/output_check.hpp"

#include <filesystem>
#include <functional>
#include <utility>

#include "host/src/input_files.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;

/// Calls `take(index of the input, path)` for every output the names of the inputs tell.
template <class Take>
void for_each_output(const ThumbnailJob& job, Take&& take) {
  const auto group = static_cast<std::size_t>(job.recipe.sum_frames);
  for (std::size_t i = 0; i < job.inputs.size(); i += group) {
    for (const Picture& picture : job.recipe.pictures)
      take(i, output_path({job.output, job.inputs[i], picture.suffix, {}}));
    if (!job.numeric.empty()) take(i, output_path({job.numeric, job.inputs[i], ".npy", {}}));
  }
}

std::size_t hash_of(const std::string& path) {
  return std::hash<std::string>()(fs::path(path).lexically_normal().string());
}

[[noreturn]] void fail_name(const std::string& output, std::string expected, std::string found) {
  fail({.code = ErrorCode::inconsistent,
        .path = output,
        .field = "output name",
        .expected = std::move(expected),
        .found = std::move(found)});
}

/// Makes and tries the folders of outputs, once for each run of outputs in one folder.
class Folders {
 public:
  void prepare(const std::string& output) {
    const fs::path folder = fs::path(output).lexically_normal().parent_path();
    if (folder != last_) make_output_folder(folder.empty() ? "." : folder.string());
    last_ = folder;
  }

 private:
  fs::path last_ = "\n";  // no folder has this name: the first one is always prepared
};

}  // namespace

std::vector<std::pair<std::string, std::string>> planned_outputs(const ThumbnailJob& job) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for_each_output(job, [&](std::size_t i, std::string path) {
    pairs.emplace_back(job.inputs[i], std::move(path));
  });
  return pairs;
}

PlannedNames::PlannedNames(const ThumbnailJob& job) {
  InputFiles inputs(job.inputs);
  Folders folders;
  for_each_output(job, [&](std::size_t i, const std::string& output) {
    const std::string& input = job.inputs[i];
    const auto [owner, fresh] = owners_.emplace(hash_of(output), i);
    if (!fresh)
      fail_name(output, "one input for each output (use {dir} or {stem} in -o)",
                job.inputs[owner->second] + " and " + input);
    if (const std::string* same = inputs.same_as(output))
      fail_name(output, "a file other than the inputs",
                *same == input ? "the input itself" : "the input " + *same);
    folders.prepare(output);
  });
}

void PlannedNames::check_numbered(const std::string& output) const {
  if (owners_.contains(hash_of(output)))
    fail_name(output, "a name of its own for an image of a file of several",
              "the output of another input");
}

}  // namespace quickbeam
