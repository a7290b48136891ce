// SPDX-License-Identifier: BSD-3-Clause
// The reference of `verify`: frames decoded serially and held whole, every reduction evaluated
// pixel by pixel from the definitions in kernels/ops. Slow and obvious on purpose; it shares
// nothing with the row kernels but those definitions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/payload.hpp>

namespace quickbeam {

/// The pixels of a whole stream as they are stored, its images one below the other.
struct ReferenceStream {
  Image stored{};                          ///< extent {width, height x depth}
  std::optional<std::uint64_t> wrapped{};  ///< first pixel whose running sum wrapped
  /// Image `index` of them.
  ConstAnyView image(std::int64_t index, Extent extent) const;
};

/// Byte-offset data by SerialByteOffsetDecoder, plain data byte by byte, packed data by the one
/// decoder there is. Throws Error as kernels::decode_all.
ReferenceStream decode_reference(const Payload& stream);

/// One frame in its working type, and what can be made of it.
class Reference {
 public:
  /// `plan` says how pixels are to be understood; its spec and device are not looked at.
  explicit Reference(const ReducePlan& plan) : plan_(plan) {}

  /// `stored`: an image of plan.type and plan.extent, copied.
  void take(ConstAnyView stored);
  /// Histogram of the valid, unsaturated pixels, raw_histogram_bins bins.
  std::vector<std::uint64_t> counts() const;
  /// Valid pixels above `highest` become it (integers: its floor).
  void clip(double highest);
  ReducedImage reduce(const ReduceSpec& spec) const;

 private:
  ReducePlan plan_;
  Image pixels_;
};

}  // namespace quickbeam
