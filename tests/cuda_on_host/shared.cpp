// SPDX-License-Identifier: BSD-3-Clause
// Finds the __shared__ variables in the symbol table of the program: a static variable of a
// function in a namespace `cuda` or `cuda_on_host` that is not initialised.
#include "tests/cuda_on_host/shared.hpp"

namespace quickbeam::cuda_on_host {

void fill_shared_memory(std::uint64_t) {}

}  // namespace quickbeam::cuda_on_host
