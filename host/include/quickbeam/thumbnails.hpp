// SPDX-License-Identifier: BSD-3-Clause
// Files in, picture files out: the job behind `quickbeam thumb`, for any program.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/plan.hpp>
#include <quickbeam/read_policy.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {

/// What happens after an item failed.
enum class OnFailure : std::uint8_t { keep_going, stop };

struct ThumbnailJob {
  Recipe recipe{};
  std::vector<std::string> inputs{};
  std::string output{};   ///< folder, file or template, see docs/thumb.md
  std::string numeric{};  ///< template ending in .npy or .mrc: the reduced counts; empty = none
  std::string mask{};     ///< image file, non-zero = masked; empty = none
  unsigned threads = 0;   ///< 0 = one a core
  DeviceChoice device{};  ///< default: choose_device("auto")
  ReadPolicy read{};
  OnFailure on_failure = OnFailure::keep_going;
  /// Set from anywhere: what was begun is finished, then the run returns.
  const std::atomic<bool>* stop = nullptr;
  /// Groups of inputs (one file, or the files of a sum) for which it returns true are left out and
  /// count as skipped; `shared` is the scale of the collection, if there is one. Null = none.
  /// Called from several threads at once.
  std::function<bool(std::span<const std::string> inputs, const std::optional<LevelRange>& shared)>
      skip{};
};

/// A file written, as it was at the time.
struct OutputFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;
};

/// One frame (or one sum of frames): done or failed.
struct ThumbnailResult {
  std::string input{};               ///< the first file of a sum
  std::vector<std::string> added{};  ///< the other files of a sum
  std::int64_t frame = 1;            ///< in that file, from 1
  std::int64_t frames_added = 1;
  std::vector<OutputFile> outputs{};
  LevelRange levels{};
  ReducedNumbers numbers{};
  Extent extent{};  ///< of the reduced image
  std::string_view backend{};
  double seconds = 0;  ///< from the read to the last rename
  std::vector<std::string> notices{};
  std::optional<ErrorInfo> error{};
  bool skipped = false;
  bool last_of_input = true;  ///< no further result of the same input follows
};

struct ThumbnailSummary {
  std::int64_t done = 0, failed = 0, skipped = 0;
  bool stopped = false;  ///< by `stop` or by OnFailure::stop
};

/// Input and output names as the job will pair them (files of several frames add an index).
std::vector<std::pair<std::string, std::string>> planned_outputs(const ThumbnailJob& job);

/// Runs the job. `on_result` is called in the order of the inputs, one call at a time, from any
/// thread. Faults of single files are results; throws Error for faults of the job itself (options,
/// mask, output folder, two inputs with one output name) before the first item.
/// Memory does not depend on the number of files, their names apart.
ThumbnailSummary make_thumbnails(const ThumbnailJob& job,
                                 const std::function<void(const ThumbnailResult&)>& on_result);

}  // namespace quickbeam
