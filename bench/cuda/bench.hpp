// SPDX-License-Identifier: BSD-3-Clause
// The parts of cuda_bench: each measures some stages and adds them to the report.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "bench/cuda/inputs.hpp"
#include "bench/cuda/timing.hpp"

namespace quickbeam::bench {

struct Options {
  bool tiny = false;     ///< sizes that show that the program works, and nothing else
  bool profile = false;  ///< each kernel a few times and no more, for a profiler to look at
  std::string frames{};  ///< a folder of real frames; empty = none
  std::string json{};
  std::set<std::string> parts{};      ///< of part_names; empty = all
  std::string stages{};               ///< a regular expression for the rows; empty = all
  std::filesystem::path workplace{};  ///< for files of the run; removed at its end
  unsigned threads = 0;               ///< most threads of the host

  bool wants_part(const std::string& name) const { return parts.empty() || parts.contains(name); }
  Effort effort() const {
    return profile ? Effort{0, 0, 0, 1} : tiny ? Effort{1, 2, 0, 1} : Effort{};
  }
  /// Fewer, for what takes long.
  Effort long_effort() const { return tiny ? Effort{1, 2, 0, 1} : Effort{1, 5, 0, 1}; }
  std::vector<std::size_t> batches() const {
    if (profile) return {tiny ? std::size_t{2} : std::size_t{16}};
    return tiny ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{1, 4, 8, 16, 32};
  }
};

/// What `--parts` knows. The bandwidths are measured always.
inline const std::set<std::string> part_names = {"host",  "streams", "planes",    "pinned",
                                                 "files", "stacks",  "particles", "chained"};

/// Names of the bandwidths that rows are compared with.
inline const std::string device_copy = "device copy (read + write)";
inline const std::string bus_in = "host to device, pinned";
inline const std::string bus_out = "device to host, pinned";
inline const std::string host_copy = "host memcpy (read + write)";

/// Powers of two up to `most`, and `most`.
std::vector<unsigned> thread_counts(unsigned most);

/// The four of them. First: all other parts compare with them.
void measure_copies(const Options& options, Report& report);
/// The host's cores, 1 to all: decoding and PNG encoding.
void measure_host(const Options& options, const Inputs& inputs, Report& report);

enum class Stages { all, main_ones };
/// Kernels on frames that are in device memory in compressed form.
void measure_streams(const Options& options, const Inputs& inputs, Stages which, Report& report);
/// The experiment of one pass instead of two.
void measure_chained(const Options& options, const Inputs& inputs, Report& report);
/// Kernels on frames of full size in device memory.
void measure_planes(const Options& options, const Inputs& inputs, Report& report);

/// Statistics of stacks of images that are in device memory.
void measure_stacks(const Options& options, Report& report);
/// The same of images in pinned host memory, as `quickbeam stats` streams them through the card.
void measure_streamed_stacks(const Options& options, std::size_t side, Report& report);

/// Frames in pinned host memory to pictures there, by the engine.
void measure_pinned(const Options& options, const Inputs& inputs, Report& report);
/// Particles to thumbnails: kernels on images in device memory, and the engine from pinned memory.
void measure_particles(const Options& options, Report& report);
/// Files to PNG files: CPU, GPU, and both at once.
void measure_files(const Options& options, const Inputs& inputs, Report& report);

}  // namespace quickbeam::bench
