// SPDX-License-Identifier: BSD-3-Clause
// Runs a grid: its blocks one after the other, the threads of each as fibers.
#pragma once

#include <cstdint>
#include <functional>

#include "cuda_on_host/vector_types.hpp"
#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::cuda_on_host {

/// Calls `body` for every thread. Blocks, and threads between two meetings, run in an order drawn
/// from `seed`. Not reentrant; one grid at a time in the program. `name`: for messages.
void run_grid(dim3 grid, dim3 block, const std::function<void()>& body, const char* name,
              std::uint64_t seed, Order order);

}  // namespace quickbeam::cuda_on_host
