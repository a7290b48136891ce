// SPDX-License-Identifier: BSD-3-Clause
// Maps: one number a pixel, as an image file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/src/statistics_output.hpp"

namespace quickbeam {

enum class StatisticsMap : std::uint8_t { average, variance, sd, min, max, count };

/// The name of its file: "average", "variance", "std", ...
std::string_view name_of(StatisticsMap map);
std::vector<StatisticsMap> maps_of(const StatisticsOutputs& outputs);

/// NaN where no value was counted, 0 outside the region. Precondition: result.blocks is not empty.
/// Throws Error IO.
void write_map(const std::string& path, const StatisticsResult& result, StatisticsMap map,
               const StatisticsOutputs& outputs);

}  // namespace quickbeam
