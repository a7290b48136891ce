// SPDX-License-Identifier: BSD-3-Clause
// Where random inputs start: new ones in each run on a card, the same ones under the emulation.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace quickbeam::tests {

/// QUICKBEAM_TEST_SEED where it is set; else the clock on a card, and 0 under the emulation.
/// Printed once, so that a failure can be had again.
inline std::uint64_t run_seed() {
  static const std::uint64_t seed = [] {
    const char* const given = std::getenv("QUICKBEAM_TEST_SEED");
#ifdef QUICKBEAM_CUDA_ON_HOST
    const std::uint64_t otherwise = 0;
#else
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto otherwise = static_cast<std::uint64_t>(now / std::chrono::milliseconds(1));
#endif
    const std::uint64_t value = given ? std::stoull(given) : otherwise;
    std::cout << "random inputs: QUICKBEAM_TEST_SEED=" << value << std::endl;
    return value;
  }();
  return seed;
}

/// The seed of one test's inputs: `own` tells the tests of a run apart.
inline std::uint64_t test_seed(std::uint64_t own) { return run_seed() + own; }

}  // namespace quickbeam::tests
