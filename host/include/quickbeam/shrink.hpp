// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails of every image of a set, as a stack and a set: the job behind `quickbeam shrink`, for
// any program.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/image_set.hpp>
#include <quickbeam/thumbnail_maker.hpp>
#include <quickbeam/thumbnails.hpp>

namespace quickbeam {

enum class ShrinkScale : std::uint8_t {
  float32,  ///< values as they are
  minmax8   ///< 0 to 255 between the lowest and the highest pixel of the image (not of its
            ///< thumbnail), cut to whole numbers; stored as uint16 in MRC, as float32 in Spider
};

struct ShrinkJob {
  std::vector<std::string> inputs{};  ///< as ImageSet::open takes them
  ImageSetOptions set{};
  /// .mrcs, .mrc, .stk, .spi, ...; with images of several sizes one stack a group: NAME_GROUP.mrcs.
  std::string output{};
  std::string set_output{};  ///< .star or .xmd; empty = `output` with the suffix .star
  std::int64_t size = 0;     ///< side in pixels of the box that thumbnails fit into
  ShrinkFilter filter = ShrinkFilter::pil;
  ShrinkScale scale = ShrinkScale::float32;
  unsigned threads = 0;   ///< 0 = one a core
  DeviceChoice device{};  ///< default: choose_device("auto")
  OnFailure on_failure = OnFailure::keep_going;
  const std::atomic<bool>* stop = nullptr;  ///< set from anywhere: nothing is written
};

/// A stack of thumbnails.
struct ShrunkStack {
  std::string path;
  std::string group;    ///< name of the group of the images
  Extent from{}, to{};  ///< equal where the images are no larger than the box: they are copied
  std::int64_t images = 0;
  std::optional<double> pixel_size_angstrom{};  ///< of the thumbnails
};

struct ShrinkReport {
  std::vector<ShrunkStack> stacks;
  std::string set;                        ///< path of the set
  std::vector<ImageSetFailure> failures;  ///< by file: what could not be opened or read
  std::vector<std::string> notices;
  std::int64_t done = 0, failed = 0;  ///< images
  /// NaN and infinities in the images. NaN are left out of the sums, an output pixel whose nearest
  /// pixel is NaN is NaN; infinities spread.
  std::uint64_t non_finite = 0;
  std::int64_t images_with_non_finite = 0;
  std::string backend;  ///< where it was done
  double seconds = 0;
  bool stopped = false;  ///< nothing was written
};

/// Writes the thumbnails of all images in the order of the set, and the set of them: image names,
/// pixel size and image size changed, every other column of a STAR or .xmd file as it was (of
/// several sets: names, sizes and optics only).
///
/// The same bytes for any number of threads. All files appear whole at the end, or none. Images
/// that cannot be read are left out; they cost a second pass over their group. Memory: a few
/// megabytes (with a device 64; or a few images, if larger) a thread, and about 100 bytes an
/// image.
/// `on_images(n, total)` is called as images are done, one call at a time, from any thread; a
/// second pass begins at 0 again. Throws Error for faults of the job itself: USAGE, INCONSISTENT
/// (an output that is an input or another output), DEVICE, IO (outputs), what ImageSet::open
/// throws; the first failure with OnFailure::stop or when no image is left.
ShrinkReport shrink_images(const ShrinkJob& job,
                           const std::function<void(std::int64_t, std::int64_t)>& on_images = {});

/// The stacks and the set that shrink_images would write; opens the inputs, reads no image. Throws
/// as it does.
ShrinkReport preview_shrink(const ShrinkJob& job);

}  // namespace quickbeam
