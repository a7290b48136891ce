// SPDX-License-Identifier: BSD-3-Clause
// What a set of images is, in the terms of its statistics.
#pragma once

#include <vector>

#include <quickbeam/stack_statistics.hpp>

#include "host/src/statistics_facts.hpp"

namespace quickbeam {

/// One a group. Throws Error USAGE, INCONSISTENT for a region that does not fit the images, what
/// reading its file throws.
std::vector<GroupFacts> facts_of(const ImageSet& set, const StatisticsJob& job);

}  // namespace quickbeam
