// SPDX-License-Identifier: BSD-3-Clause
// What a run has finished, so that a later run can leave it out; and a lock, so that two runs do
// not write into one folder.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quickbeam/thumbnails.hpp>

namespace quickbeam::cli {

/// Held while a run writes into a folder: a file with process id, host and boot. A lock whose
/// process is gone is taken over. Throws Error IO when another run holds it.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(const std::string& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  std::string path_;
};

/// `<output folder>/.quickbeam-journal`: a line for each finished input with its size, time, the
/// recipe, and size and hash of each output; each line carries its own checksum. Jobs whose output
/// is a template or a single file have none. Used from one thread at a time for recording; is_done
/// may be called from any thread.
class Journal {
 public:
  /// Locks the folder; with `resume` reads what was finished. Throws Error.
  Journal(const ThumbnailJob& job, bool resume);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// True when the inputs (of a sum: all of them) are unchanged since it was finished with the same
  /// recipe and every output is still there with the recorded size and contents.
  bool is_done(std::span<const std::string> inputs, const std::optional<LevelRange>& shared) const;
  void record(const ThumbnailResult& result);

 private:
  struct Entry {
    std::string state;  ///< of the input and the recipe
    std::vector<std::string> outputs, output_states;
  };
  void load(const std::string& path);
  std::string state_of(std::span<const std::string> inputs,
                       const std::optional<LevelRange>& shared) const;

  std::string recipe_;
  bool shares_levels_ = false;
  std::unique_ptr<FolderLock> lock_;
  std::FILE* file_ = nullptr;
  std::unordered_map<std::string, Entry> done_;
  Entry pending_;  ///< outputs of the input whose frames are being recorded
  bool pending_failed_ = false;
};

}  // namespace quickbeam::cli
