// SPDX-License-Identifier: BSD-3-Clause
// Where frames are decoded and reduced: the CPU, or a GPU. One small interface, one list.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/palette.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/core/reduce_spec.hpp>

namespace quickbeam {

/// What levels and reports need to know of a reduced image, measured where it lies.
struct ReducedFacts {
  static constexpr std::size_t most_percents = 4;
  ReducedNumbers numbers{};
  /// Of the pixels neither masked, nor saturated, nor infinite, for ReducePlan::percents.
  std::array<double, most_percents> percentiles{};
  std::size_t known = 0;  ///< of the percentiles: all, or none where there is no such pixel
};

/// Turns a histogram of raw pixels (counts[v] pixels of value v, the last bin for all above) into
/// the value that pixels are cut to.
using ClipRule = std::function<double(std::span<const std::uint64_t> counts)>;

/// What a reducer is built for: frames that share type and size, and what to do with them.
struct ReducePlan {
  PixelType type = PixelType::i32;
  Extent extent{};
  std::size_t group = 1;  ///< frames added before the reduction
  ReduceSpec spec{};
  MaskRule mask_rule{};
  std::optional<double> saturation{};  ///< highest unsaturated count of one frame
  const Image* user_mask = nullptr;    ///< u8, same extent, non-zero = masked; outlives the reducer
  bool counts = false;             ///< histograms of raw pixels are wanted, see ReduceTask::counts
  ClipRule clip{};                 ///< makes a cut of each histogram; empty = pixels are not cut
  std::vector<double> percents{};  ///< at most ReducedFacts::most_percents
  int device = 0;                  ///< which of the backend's devices
  unsigned sharers = 1;            ///< reducers that will share that device's memory
};

/// How the work on one frame (or sum of frames) went.
struct ReduceOutcome {
  std::optional<std::uint64_t> wrapped_pixel{};  ///< a running sum wrapped there (a notice)
  /// Offsets are relative to the payload, `frame` is the place in the group.
  std::optional<ErrorInfo> error{};
  std::string_view backend{};  ///< where it was done
  std::string notice{};        ///< worth telling the user, once
};

/// One frame, or frames to be added, on its way through a reducer.
struct ReduceTask {
  /// 1 to ReducePlan::group payloads of the planned type and extent, depth 1. Their bytes stay as
  /// they are until the reducer's next run.
  std::span<const Payload> group{};
  /// With ReducePlan::counts: filled with the histogram of valid unsaturated raw pixels, before
  /// they are cut (kernels::raw_histogram_bins values).
  std::span<std::uint64_t> counts{};
  ReducedImage* image = nullptr;  ///< where the reduced frame goes; never null
  bool fetch = true;              ///< false: it may stay on the device, for Reducer::tone

  bool fetched = false;                 ///< out: `image` is filled
  std::optional<ReducedFacts> facts{};  ///< out: of a reduced frame that was not fetched
  ReduceOutcome outcome{};              ///< out
};

/// A reduced frame that stayed on the device, to be made a picture there.
struct ToneTask {
  std::size_t task = 0;  ///< its place in the last run
  const ToneTable* table = nullptr;
  ImageView<std::uint8_t> picture{};  ///< palette positions, extent of the reduced frame
};

/// Decodes and reduces frames, batch after batch, reusing its memory. Not thread-safe.
class Reducer {
 public:
  virtual ~Reducer() = default;
  /// Any number of tasks. Synchronous. A fault of a frame is the error in its task.
  virtual void run(std::span<ReduceTask> tasks) = 0;
  /// Pictures of frames of the last run that were not fetched. Synchronous.
  virtual void tone(std::span<const ToneTask> tasks) = 0;
};

class ThumbnailMaker;
struct ThumbnailSpec;
class LeafAdder;
struct LeafSource;

/// A kind of processor. Stateless and thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// Empty when device number `device` can run here, else the reason why not.
  virtual std::string unavailable_because(int device) const = 0;
  /// One line a device for `quickbeam devices`.
  virtual std::vector<std::string> devices() const = 0;
  virtual std::unique_ptr<Reducer> make_reducer(const ReducePlan& plan) const = 0;
  /// Of particles, see <quickbeam/thumbnail_maker.hpp>.
  virtual std::unique_ptr<ThumbnailMaker> make_thumbnail_maker(const ThumbnailSpec& spec) const = 0;
  /// Of the statistics of stacks; the engine's own.
  virtual std::unique_ptr<LeafAdder> make_leaf_adder(const LeafSource& source) const = 0;
  /// How many frames a thread should gather for one run of a reducer.
  virtual std::size_t frames_at_once() const { return 1; }
  /// Memory that the device copies from and to fastest, for one thread's buffers; null = any.
  virtual std::unique_ptr<std::pmr::memory_resource> make_host_memory() const { return nullptr; }
};

/// The backends compiled in, best first; the CPU is always there, last.
std::span<const Backend* const> backends();

/// A request as given to --device: `auto`, `cpu`, `cuda`, `cuda:N`, `cuda:N,M...`.
struct DeviceChoice {
  const Backend* backend = nullptr;
  std::vector<int> devices{0};  ///< which of the backend's devices; work is dealt to them in turn
  std::string
      notice{};  ///< set when `auto` had to leave out a better backend: its name and the reason

  /// Device number `turn`, counted round and round.
  int device(std::size_t turn = 0) const { return devices[turn % devices.size()]; }
};

/// Throws Error DEVICE with the reason when a forced device cannot run, USAGE for an unknown name.
DeviceChoice choose_device(std::string_view request);

}  // namespace quickbeam
