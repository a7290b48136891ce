// SPDX-License-Identifier: BSD-3-Clause
// A status of the CUDA runtime as an Error.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include <quickbeam/core/error.hpp>

namespace quickbeam::kernels::cuda {

/// Throws Error naming the call and CUDA's reason: LIMIT when memory is short, else DEVICE. Clears
/// the runtime's record of the error (an error that broke the device comes back at every call).
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  fail({.code = status == cudaErrorMemoryAllocation ? ErrorCode::limit : ErrorCode::device,
        .format = "CUDA",
        .field = call,
        .expected = "success",
        .found = std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status)});
}

}  // namespace quickbeam::kernels::cuda
