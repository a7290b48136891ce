// SPDX-License-Identifier: BSD-3-Clause
// What `verify` holds against the reference: a way of doing the same work. Backends are one; tests
// bring doctored ones.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/recipe.hpp>
#include <quickbeam/verify.hpp>

#include "host/src/verify_picture.hpp"

namespace quickbeam {

/// A picture, and how the work on it went.
struct SubjectPicture {
  VerifyPicture made{};
  ReduceOutcome outcome{};  ///< without an error: that is thrown
};

/// Does the work of the engine for one frame at a time. Not thread-safe. Every call throws Error
/// where the engine has one.
class VerifySubject {
 public:
  virtual ~VerifySubject() = default;
  /// What outcomes name when the work was really done here.
  virtual std::string_view backend() const = 0;
  /// What to compute statistics and thumbnails of stacks on; no backend: not compared.
  virtual DeviceChoice device() const { return {}; }
  /// Decodes all images of a stream to `out`, in the stored type; false when this subject keeps no
  /// stored pixels. Sets `wrapped` as kernels::decode_all returns it.
  virtual bool decode(const Payload& stream, Image& out, std::optional<std::uint64_t>& wrapped) = 0;
  virtual ReduceOutcome reduce(const ReducePlan& plan, const Payload& frame, ReducedImage& out) = 0;
  /// `plan` is that of the frame's own layout; its spec is not looked at.
  virtual SubjectPicture picture(const Recipe& recipe, const FrameInfo& info,
                                 const ReducePlan& plan, const Payload& frame) = 0;
};

/// The engine on a target. Where a backend takes frames in batches, the frame is the middle one of
/// three, the others being made up, so that its place in the batch matters. Precondition: it runs.
std::unique_ptr<VerifySubject> make_subject(const VerifyTarget& target);

}  // namespace quickbeam
