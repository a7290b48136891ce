// SPDX-License-Identifier: BSD-3-Clause
// The engine against a slow and obvious reference on the user's own files, value by value: the job
// behind `quickbeam verify`, for any program.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/read_policy.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {

/// A backend to compare with the reference, or the reason why it cannot be.
struct VerifyTarget {
  std::string name{};
  const Backend* backend = nullptr;
  int device = 0;
  std::string not_run{};  ///< why nothing is compared; empty = it runs
};

/// The targets of a --device request. auto: every backend, those that cannot run with the reason;
/// cpu: the CPU; cuda[:N,M...]: the CPU and those devices. Throws Error as choose_device.
std::vector<VerifyTarget> verify_targets(std::string_view device);

struct VerifyJob {
  Recipe recipe{};  ///< sum_frames is 1
  std::vector<std::string> inputs{};
  std::string mask{};  ///< image file, non-zero = masked; empty = none
  ReadPolicy read{};
  std::vector<VerifyTarget> targets{};  ///< default: verify_targets("auto")
  unsigned threads = 0;                 ///< 0 = one a core
  const std::atomic<bool>* stop = nullptr;
};

/// Where a target first differed from the reference.
struct VerifyDifference {
  std::string input{};
  std::int64_t frame = 1;                ///< in that file, from 1
  std::optional<std::int64_t> x{}, y{};  ///< of a pixel
  std::string place{};                   ///< of anything else: "low level", "byte 17"
  std::string expected{}, found{};
};

/// One target in one stage.
struct VerifyCell {
  std::uint64_t values = 0;  ///< compared
  std::uint64_t differences = 0;
  std::uint64_t elsewhere = 0;  ///< frames another backend did instead: not compared
  std::optional<VerifyDifference> first{};
  std::string reason{};  ///< of the first frame done elsewhere
};

/// One stage of the work.
struct VerifyRow {
  std::string_view stage{};
  std::vector<VerifyCell> cells{};  ///< one a target, in order
};

/// What could not be decoded, by the reference's own account.
struct VerifyFailure {
  ErrorInfo error{};
  bool decoded = false;  ///< false: the file could not be opened, so no target saw it
};

struct VerifyReport {
  std::vector<VerifyTarget> targets{};
  std::vector<VerifyRow> rows{};
  std::int64_t files = 0, frames = 0;     ///< frames compared
  std::vector<VerifyFailure> failures{};  ///< in the order of the inputs
  bool stopped = false;

  std::uint64_t values(std::size_t target) const;
  std::uint64_t differences(std::size_t target) const;
  std::uint64_t elsewhere(std::size_t target) const;
  /// True when, for every target that runs (one at least), values were compared, none differed, and
  /// no frame was done elsewhere.
  bool equal() const;
};

/// Names of the stages, in the order of VerifyReport::rows.
std::vector<std::string_view> verify_stages();

/// Compares every frame of every input, one thread a file, with every target that runs:
/// decoding, each reduction at the recipe's factor, both dilations at its window, and the recipe's
/// levels, palette positions and encoded pictures. Floating-point values are compared bit for bit
/// (NaN is NaN). A frame the reference cannot decode must fail with the same error everywhere.
///
/// The reference decodes byte-offset data serially and plain data byte by byte, holds the whole
/// frame, and evaluates the definitions of kernels/ops pixel by pixel; packed data has one decoder,
/// which the reference uses too. About a second a frame of 6 million pixels and 10 x 10 windows.
/// `on_file` is called after each input, one call at a time. Throws Error for faults of the job
/// itself (options, mask, targets).
VerifyReport verify(const VerifyJob& job, const std::function<void()>& on_file = {});

}  // namespace quickbeam
