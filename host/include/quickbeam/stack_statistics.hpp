// SPDX-License-Identifier: BSD-3-Clause
// Mean and variance of every pixel over any number of images, and of every image: the jobs behind
// `quickbeam stats` and `quickbeam merge`, for any program.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/image_set.hpp>
#include <quickbeam/thumbnails.hpp>

namespace quickbeam {

/// What is written. Every file appears whole or not at all.
struct StatisticsOutputs {
  /// Gets average, variance and particles.star; empty = none of them. Made when it is not there.
  std::string folder{};
  /// particles.star, and the statistics of the images for it and for `partial`: half of the
  /// arithmetic.
  bool table = true;
  std::string partial{};  ///< .qbstat file, for merge_statistics; empty = none
  int ddof = 0;           ///< variance = M2 / (n - ddof); 0 or 1
  bool sd = false, min = false, max = false, count = false;  ///< maps beside average and variance
  enum class Format : std::uint8_t {
    mrc,  ///< float32, pixel size in the header
    npy   ///< float64
  } format = Format::mrc;
};

/// Where pixels count. Both absent: everywhere.
struct StatisticsRegion {
  /// Distance in pixels from pixel (width / 2, height / 2), the middle of an image in RELION; of
  /// volumes from voxel (width / 2, height / 2, sections / 2).
  std::optional<double> radius{};
  std::string file{};  ///< an image of the extent of all others; not 0 = inside. Not of volumes
};

struct StatisticsJob {
  std::vector<std::string> inputs{};
  ImageSetOptions set{};
  StatisticsRegion region{};
  std::int64_t part = 1, parts = 1;  ///< of every group, by leaves of the merge tree; from 1
  unsigned threads = 0;              ///< 0 = one a core
  DeviceChoice device{};             ///< default: choose_device("auto")
  OnFailure on_failure = OnFailure::keep_going;
  StatisticsOutputs outputs{};
  const std::atomic<bool>* stop = nullptr;  ///< set from anywhere: nothing is written
};

/// One group of images of one extent and one pixel size.
struct StatisticsGroup {
  std::string name;
  Extent extent{};            ///< of an image, or of one section of a volume
  std::int64_t sections = 1;  ///< more than 1: volumes
  std::optional<double> pixel_size_angstrom{};
  std::int64_t images = 0;  ///< that the statistics are of
  std::int64_t total = 0;   ///< in the sets; fewer counted: failed, or of parts that are not here
  std::int64_t missing_values = 0;     ///< NaN and infinities inside the region
  std::int64_t pixels_never_seen = 0;  ///< without a finite value in any image; needs a folder
  double mean = 0;  ///< of the means of the images; without their table, of all values; NaN of none
};

struct StatisticsReport {
  std::vector<StatisticsGroup> groups;
  std::vector<ImageSetFailure> failures;  ///< by file: what could not be opened or read
  std::vector<std::string> notices;
  std::vector<std::string> outputs;  ///< paths written
  std::string backend;               ///< where it was done; empty for merge_statistics
  double seconds = 0;                ///< of reading and adding
  std::uint64_t bytes = 0;           ///< of pixels that were read, decoded
  bool stopped = false;
};

/// Reads every image once and writes what `outputs` asks for.
///
/// With ImageItems::volumes in `set` images are volumes, and so are the maps: MRC volumes, 3-D
/// .npy.
///
/// Results have the same bits for any number of threads, and any division into parts that are
/// merged (docs/decisions/0022). NaN and infinities are counted and left out. Memory: 256 MB, 40
/// bytes a pixel a thread, and about 100 bytes an image. `on_images(n, total)` is called as images
/// are done, one call at a time, from any thread. Throws Error for faults of the job itself:
/// USAGE, INCONSISTENT (region), DEVICE, IO (outputs), what ImageSet::open throws; with
/// OnFailure::stop also the first failure.
StatisticsReport compute_statistics(
    const StatisticsJob& job,
    const std::function<void(std::int64_t, std::int64_t)>& on_images = {});

/// Joins .qbstat files in any order, each of any parts of any sets: the same bits as one run over
/// all. Sets are joined in the order of their identities where groups are alike. Throws Error:
/// INCONSISTENT where two files hold the same images, or the same set read otherwise; what is wrong
/// with a file; IO.
StatisticsReport merge_statistics(std::span<const std::string> files,
                                  const StatisticsOutputs& outputs,
                                  const std::atomic<bool>* stop = nullptr);

/// Paths that compute_statistics would write; opens the inputs, reads no image. Throws as it does.
struct StatisticsPreview {
  std::vector<StatisticsGroup> groups;  ///< names, sizes and totals
  std::vector<std::string> outputs;
  std::vector<ImageSetFailure> failures;
};
StatisticsPreview preview_statistics(const StatisticsJob& job);

}  // namespace quickbeam
