// SPDX-License-Identifier: BSD-3-Clause
// The pretend devices, the versions, and the names of errors.
#include <cstdio>
#include <cstring>

#include "tests/cuda_on_host/state.hpp"

using namespace quickbeam::cuda_on_host;

namespace {

// Those of a small card; nothing in the emulation depends on them.
constexpr int multiprocessors = 4;
constexpr int major_version = 9, minor_version = 0;
constexpr std::size_t shared_bytes = 48 << 10;

bool exists(int device) { return device >= 0 && device < state().devices; }

}  // namespace

cudaError_t cudaGetDeviceCount(int* count) {
  const Call call("cudaGetDeviceCount");
  *count = 0;
  if (call.status() != cudaSuccess) return call.status();
  *count = state().devices;
  return call.result(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaGetDevice(int* device) {
  const Call call("cudaGetDevice");
  if (call.status() != cudaSuccess) return call.status();
  *device = current_device();
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  const Call call("cudaSetDevice");
  if (call.status() != cudaSuccess) return call.status();
  if (!exists(device)) return call.result(cudaErrorInvalidDevice);
  current_device() = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const Call call("cudaGetDeviceProperties");
  if (call.status() != cudaSuccess) return call.status();
  if (!exists(device)) return call.result(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "host emulation (no GPU)");
  properties->totalGlobalMem = state().device_bytes;
  properties->sharedMemPerBlock = properties->sharedMemPerBlockOptin = shared_bytes;
  properties->sharedMemPerMultiprocessor = 2 * shared_bytes;
  properties->regsPerBlock = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  const int most_threads[] = {1024, 1024, 64}, most_blocks[] = {2147483647, 65535, 65535};
  std::memcpy(properties->maxThreadsDim, most_threads, sizeof most_threads);
  std::memcpy(properties->maxGridSize, most_blocks, sizeof most_blocks);
  properties->major = major_version;
  properties->minor = minor_version;
  properties->multiProcessorCount = multiprocessors;
  properties->unifiedAddressing = properties->canMapHostMemory = 1;
  properties->concurrentKernels = 1;
  properties->asyncEngineCount = 2;
  properties->l2CacheSize = 1 << 20;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->pciBusID = device + 1;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const Call call("cudaDeviceGetAttribute");
  if (call.status() != cudaSuccess) return call.status();
  if (!exists(device)) return call.result(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = 1024;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = shared_bytes;
      break;
    case cudaDevAttrWarpSize:
      *value = 32;
      break;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
    case cudaDevAttrGlobalMemoryBusWidth:
    case cudaDevAttrIntegrated:
      *value = 0;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = multiprocessors;
      break;
    case cudaDevAttrL2CacheSize:
      *value = 1 << 20;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = 2048;
      break;
    case cudaDevAttrAsyncEngineCount:
      *value = 2;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = major_version;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = minor_version;
      break;
    default:
      return call.result(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int device) {
  const Call call("cudaDeviceGetPCIBusId");
  if (call.status() != cudaSuccess) return call.status();
  if (!exists(device)) return call.result(cudaErrorInvalidDevice);
  std::snprintf(text, static_cast<std::size_t>(length), "0000:%02X:00.0", unsigned(device) + 1);
  return cudaSuccess;
}

// Without a driver its version is 0, and that is no error.
cudaError_t cudaDriverGetVersion(int* version) {
  const Call call("cudaDriverGetVersion", Call::Needs::nothing);
  if (call.status() != cudaSuccess) return call.status();
  *version = state().driver == cudaErrorInsufficientDriver ? 0 : CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  const Call call("cudaRuntimeGetVersion", Call::Needs::nothing);
  if (call.status() != cudaSuccess) return call.status();
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last_error() = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard lock(state().lock);
  return state().broken != cudaSuccess ? state().broken : last_error();
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define X(name, number, text) \
  case name:                  \
    return #name;
#include "cuda_on_host/error_codes.inc"
#undef X
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define X(name, number, text) \
  case name:                  \
    return text;
#include "cuda_on_host/error_codes.inc"
#undef X
  }
  return "unrecognized error code";
}
