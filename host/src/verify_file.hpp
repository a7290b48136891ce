// SPDX-License-Identifier: BSD-3-Clause
// One file after the other against the reference: what one thread of a `verify` job does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <quickbeam/core/image.hpp>
#include <quickbeam/verify.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/verify_compare.hpp"
#include "host/src/verify_subject.hpp"

namespace quickbeam {

/// Stages in the order of the rows.
enum class VerifyStage : std::uint8_t {
  stored,
  decode,
  max,
  min,
  sum,
  scaled_sum,
  mean,
  dilate_sampled,
  dilate_full,
  counts,
  levels,
  tone,
  files,
  stack_pixels,
  stack_images,
  stack_bits,
  thumbnails,
  errors,
};

/// Not thread-safe; one per thread.
class FileVerifier {
 public:
  /// `subjects`: one a target, null where it does not run. The recipe and the mask (u8, or null)
  /// outlive this.
  FileVerifier(const Recipe& recipe, const ReadPolicy& read, const Image* mask,
               std::vector<std::unique_ptr<VerifySubject>> subjects);

  /// Rows and failures of one file. Never throws Error: what the reference cannot read is a
  /// failure, what a subject cannot is a difference.
  VerifyReport run(const std::string& path);

 private:
  struct Frame;

  void run_stack();
  void run_statistics();
  void run_thumbnails();
  void run_stream(const Payload& stream, std::int64_t first_frame);
  void run_frame(const Frame& frame);
  void compare_stored(const Payload& stream, const ReferenceStream& reference, std::int64_t frame);
  void compare_reductions(const Frame& frame, const Reference& reference);
  void compare_picture(const Frame& frame, const VerifyPicture& expected);
  void expect_failure(const Error& error, std::int64_t frame, const ReducePlan& plan);
  /// Whether statistics and thumbnails are compared for that subject.
  bool compares_stacks(std::size_t subject) const;
  ReducePlan plan_of(const Payload& payload) const;

  /// Calls `work(subject, comparison)` for every target that runs.
  template <class Work>
  void each_subject(VerifyStage stage, std::int64_t frame, Work&& work);
  /// The same; what `work` throws is a difference in all of `values`.
  template <class Work>
  void each_working(VerifyStage stage, std::int64_t frame, std::uint64_t values, Work&& work);

  const Recipe& recipe_;
  ReadPolicy read_;
  const Image* mask_;
  std::vector<std::unique_ptr<VerifySubject>> subjects_;
  FrameFile file_;
  VerifyReport report_;
};

/// Rows without values, one a stage, for `targets` targets.
std::vector<VerifyRow> empty_rows(std::size_t targets);

}  // namespace quickbeam
