// SPDX-License-Identifier: BSD-3-Clause
// Whether this build holds kernels that the current device can run: asks for the attributes of one.
#include "kernels/probe_cuda.hpp"

#include "kernels/cuda/launch.cuh"

namespace quickbeam::kernels::cuda {
namespace {

__global__ void nothing() {}

}  // namespace

void probe() { check_loadable(nothing, "kernels for this device"); }

}  // namespace quickbeam::kernels::cuda
