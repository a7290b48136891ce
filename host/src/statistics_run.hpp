// SPDX-License-Identifier: BSD-3-Clause
// Statistics kept in memory, for those who compare them.
#pragma once

#include <string>
#include <vector>

#include <quickbeam/stack_statistics.hpp>

#include "host/src/statistics_output.hpp"

namespace quickbeam {

struct ComputedStatistics {
  std::vector<StatisticsResult> results;                   ///< one a group
  std::vector<std::vector<kernels::ImageMoments>> images;  ///< by group and place in the part
  std::vector<ImageSetFailure> failures;
  std::vector<std::string> notices;  ///< of devices that failed
};

/// As compute_statistics; job.outputs is not looked at.
ComputedStatistics compute_in_memory(const StatisticsJob& job);

}  // namespace quickbeam
