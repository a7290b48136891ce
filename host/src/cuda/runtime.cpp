// SPDX-License-Identifier: BSD-3-Clause
// Why a device cannot be used, told apart for those who can do something about it.
#include "host/src/cuda/runtime.hpp"

#include "kernels/probe_cuda.hpp"

namespace quickbeam::cuda {
namespace {

/// 13000 is 13.0.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string said(cudaError_t status) {
  return std::string(cudaGetErrorString(status)) + " (" + cudaGetErrorName(status) + ")";
}

/// The runtime reports a driver that is too old and one that is missing with the same code.
std::string driver_reason(cudaError_t status) {
  int driver = 0, runtime = 0;
  const bool known = cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0;
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaGetLastError();
  if (!known) return "there is no NVIDIA driver: " + said(status);
  return "the NVIDIA driver is too old: it supports CUDA " + version_text(driver) +
         ", this build needs " + version_text(runtime) + ": " + said(status);
}

}  // namespace

std::string unusable_because(int device) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) (void)cudaGetLastError();
  if (status == cudaErrorInsufficientDriver) return driver_reason(status);
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0))
    return "no CUDA device: " + said(cudaErrorNoDevice);
  if (status != cudaSuccess) return said(status);
  if (device >= count)
    return "there is no device " + std::to_string(device) + ", only " + std::to_string(count);
  try {
    const CurrentDevice here(device);
    kernels::cuda::probe();
    return {};
  } catch (const Error& error) {
    return error.info().found;
  }
}

}  // namespace quickbeam::cuda
