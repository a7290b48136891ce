// SPDX-License-Identifier: BSD-3-Clause
// Runs a check once on every SIMD target of this machine.
#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <type_traits>

namespace quickbeam::tests {

/// Calls `check` once for every SIMD target of this machine, with that target chosen; it may take
/// the target.
template <class Check>
void for_each_target(Check&& check) {
  for (std::int64_t left = hwy::SupportedTargets(), target = 0; left != 0; left &= ~target) {
    target = left & -left;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    if constexpr (std::is_invocable_v<Check, std::int64_t>)
      check(target);
    else
      check();
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace quickbeam::tests
