// SPDX-License-Identifier: BSD-3-Clause
// Two results value by value: how many were compared, how many differ, and the first that does.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/levels.hpp>
#include <quickbeam/verify.hpp>

namespace quickbeam {

/// Compares one target's results of one frame into a cell.
class Comparison {
 public:
  Comparison(VerifyCell& cell, const std::string& input, std::int64_t frame)
      : cell_(cell), input_(input), frame_(frame) {}

  /// Every pixel, bit for bit but NaN, which equals NaN. Another type or size: all differ.
  void images(ConstAnyView expected, ConstAnyView found);
  /// Values, then saturation flags.
  void reduced(const ReducedImage& expected, const ReducedImage& found);
  void levels(LevelRange expected, LevelRange found);
  void numbers(const ReducedNumbers& expected, const ReducedNumbers& found);
  /// Every byte; missing and surplus ones differ.
  void bytes(std::span<const std::byte> expected, std::span<const std::byte> found,
             const std::string& name);
  /// One number, no further than `tolerance` from what is expected.
  void real(const std::string& place, double expected, double found, double tolerance);
  /// One value as text.
  void text(const std::string& place, const std::string& expected, const std::string& found);
  /// True when the work was done by `backend`. Else nothing is compared, and that is remembered.
  bool done_by(std::string_view backend, const ReduceOutcome& outcome);
  /// `values` values were to be compared, and `what` came instead.
  void nothing(std::uint64_t values, const std::string& what);

 private:
  void differ(VerifyDifference difference);

  VerifyCell& cell_;
  const std::string& input_;
  std::int64_t frame_;
};

/// The line of an error without the places only one of the two can know: path and frame.
std::string comparable(const ErrorInfo& error);

/// Adds the counts of `part`; the first difference is the one seen earlier.
void merge(VerifyCell& all, const VerifyCell& part);

}  // namespace quickbeam
