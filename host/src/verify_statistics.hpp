// SPDX-License-Identifier: BSD-3-Clause
// The statistics of a stack against two plain passes over its images, and against themselves.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <quickbeam/core/image_view.hpp>
#include <quickbeam/read_policy.hpp>

#include "host/src/statistics_run.hpp"
#include "host/src/verify_compare.hpp"

namespace quickbeam {

/// Mean, M2 and extremes of each pixel of a stack, and of each image: sums and sums of squared
/// deviations in long double, one value after the other. Shares nothing with the kernels. The
/// images are taken twice, in their order: first all by first(), then all by second().
class ReferenceStatistics {
 public:
  void first(ConstAnyView image);
  void second(ConstAnyView image);

  struct Value {
    std::int64_t count = 0, missing = 0;
    long double sum = 0, squares = 0;  ///< squares: of deviations from mean()
    double lowest = 0, highest = 0;
    long double mean() const { return count > 0 ? sum / static_cast<long double>(count) : 0; }
  };
  std::vector<Value> pixels{}, images{};

 private:
  std::size_t seen_ = 0;  ///< by second()
};

/// Every pixel (count, mean, M2, lowest, highest) and every image (the same and missing). Counts
/// and extremes are equal; a mean may be 1e-13 of the largest value off, M2 1e-12 of itself and
/// 1e-14 of count x deviation x largest value.
void compare_pixels(const ReferenceStatistics& reference, const StatisticsResult& found,
                    Comparison& comparison);
void compare_images(const ReferenceStatistics& reference,
                    const std::vector<kernels::ImageMoments>& found, Comparison& comparison);

/// Bit for bit.
void compare_statistics(const ComputedStatistics& expected, const ComputedStatistics& found,
                        Comparison& comparison);

}  // namespace quickbeam
