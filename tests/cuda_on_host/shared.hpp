// SPDX-License-Identifier: BSD-3-Clause
// Where the shared memory of the kernels is in this program.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quickbeam::cuda_on_host {

/// Writes junk over the __shared__ variables, as a block may find them: before each block of a
/// grid, `block` counting from 0. All of them before the first; before the others those that
/// blocks were seen to use, as a program has many kernels and a grid uses the variables of one.
void fill_shared_memory(std::uint64_t block, std::uint64_t pattern);

/// How many were found in the program.
std::size_t shared_variables();

}  // namespace quickbeam::cuda_on_host
