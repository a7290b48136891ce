// SPDX-License-Identifier: BSD-3-Clause
// Where frames are decoded and reduced: the CPU, or a GPU. One small interface, one list.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/image.hpp>
#include <quickbeam/core/mask.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/core/reduce_spec.hpp>

namespace quickbeam {

/// What a reducer is built for: frames that share type and size, and what to do with them.
struct ReducePlan {
  PixelType type = PixelType::i32;
  Extent extent{};
  std::size_t group = 1;  ///< frames added before the reduction
  ReduceSpec spec{};
  MaskRule mask_rule{};
  std::optional<double> saturation{};  ///< highest unsaturated count of one frame
  int device = 0;                      ///< which of the backend's devices
  const Image* user_mask = nullptr;    ///< u8, same extent, non-zero = masked; outlives the reducer
};

/// What to do besides, for one frame.
struct ReduceExtras {
  std::span<std::uint64_t>
      counts{};  ///< histogram of valid unsaturated raw pixels to add to; empty = none
  std::optional<double> clip{};  ///< cut raw pixels to this value first
};

/// What is known after a frame.
struct ReduceReport {
  std::optional<std::uint64_t> wrapped_pixel{};  ///< a running sum wrapped there (a notice)
};

/// Decodes and reduces frames, one group after the other, reusing its memory. Not thread-safe.
class Reducer {
 public:
  virtual ~Reducer() = default;
  /// `group`: 1 to ReducePlan::group payloads of the planned type and extent, depth 1. Fills `out`.
  /// Synchronous. Throws Error; offsets are relative to the payload, `frame` is the place in the
  /// group.
  virtual ReduceReport run(std::span<const Payload> group, const ReduceExtras& extras,
                           ReducedImage& out) = 0;
  /// Only the histogram, without a reduction.
  virtual void count(std::span<const Payload> group, std::span<std::uint64_t> counts) = 0;
};

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
};

/// The backends compiled in, best first; the CPU is always there, last.
std::span<const Backend* const> backends();

/// A request as given to --device: `auto`, `cpu`, `cuda`, `cuda:N`.
struct DeviceChoice {
  const Backend* backend = nullptr;
  int device = 0;  ///< which of the backend's devices
  std::string
      notice{};  ///< set when `auto` had to leave out a better backend: its name and the reason
};

/// Throws Error DEVICE with the reason when a forced device cannot run, USAGE for an unknown name.
DeviceChoice choose_device(std::string_view request);

}  // namespace quickbeam
