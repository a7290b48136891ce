// SPDX-License-Identifier: BSD-3-Clause
// Where the shared memory of the kernels is in this program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quickbeam::cuda_on_host {

/// Writes junk over every __shared__ variable, as a block may find it.
void fill_shared_memory(std::uint64_t pattern);

/// How many were found in the program.
std::size_t shared_variables();

}  // namespace quickbeam::cuda_on_host
