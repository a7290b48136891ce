// SPDX-License-Identifier: BSD-3-Clause
// Launches: what a device would refuse is refused, the rest is queued.
#include "cuda_on_host/launch.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_on_host/grid.hpp"
#include "tests/cuda_on_host/state.hpp"

namespace quickbeam::cuda_on_host {
namespace {

bool shape_is_right(dim3 grid, dim3 block) {
  return grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x <= 2147483647u && grid.y <= 65535 &&
         grid.z <= 65535 && block.x >= 1 && block.y >= 1 && block.z >= 1 && block.z <= 64 &&
         block.x <= 1024 && block.y <= 1024 && block.x * block.y * block.z <= 1024;
}

/// Below it, Linux puts no memory of a position-independent program: words there are numbers, and
/// what is mapped there is a sanitizer's own.
constexpr std::uintptr_t lowest_address = 0x5500'0000'0000;

/// Whether a word is the address of mapped memory that no GPU could read.
bool is_host_pointer(std::uintptr_t word) {
  const auto* const address = reinterpret_cast<const void*>(word);
  if (word < lowest_address || word >> 47 != 0) return false;
  if (find_device_block(address, 0) || find_host_block(address, 0)) return false;
  auto* const page = reinterpret_cast<void*>(word & ~std::uintptr_t{4095});
  return msync(page, 1, MS_ASYNC) == 0;
}

/// A kernel's parameters are numbers and device pointers: an address on the host among them would
/// work here and fail on every GPU.
void check_pointers(std::span<const std::byte> bytes, const char* name) {
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    std::uintptr_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    if (!is_host_pointer(word)) continue;
    std::fprintf(stderr, "cuda_on_host: a parameter of a kernel is a pointer to host memory\n%s\n",
                 name);
    std::abort();
  }
}

}  // namespace

cudaError_t queue_grid(const cudaLaunchConfig_t& config, std::function<void()> body,
                       std::span<const std::span<const std::byte>> arguments, const char* name,
                       const void* kernel) {
  const Call call("cudaLaunchKernelEx");
  if (call.status() != cudaSuccess) return call.status();
  State& all = state();
  if (all.kernel_image != cudaSuccess) return call.result(all.kernel_image);
  CUstream_st* const stream = find_stream(config.stream);
  if (!stream || stream->device != current_device())
    return call.result(cudaErrorInvalidResourceHandle);
  if (!shape_is_right(config.gridDim, config.blockDim))
    return call.result(cudaErrorInvalidConfiguration);
  if (config.dynamicSmemBytes > 0 || config.numAttrs > 0) return call.result(cudaErrorNotSupported);
  for (const auto argument : arguments) check_pointers(argument, name);
  if (all.records_kernels) all.kernels.insert(kernel);
  Work work{
      .what = name,
      .run = [grid = config.gridDim, block = config.blockDim, body = std::move(body), name,
              seed = all.random()] { run_grid(grid, block, body, name, seed, state().order); }};
  call.mark(work);
  queue(*stream, std::move(work));
  return cudaSuccess;
}

}  // namespace quickbeam::cuda_on_host

using namespace quickbeam::cuda_on_host;

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  const Call call("cudaFuncGetAttributes");
  if (call.status() != cudaSuccess) return call.status();
  if (state().kernel_image != cudaSuccess) return call.result(state().kernel_image);
  if (function == nullptr) return call.result(cudaErrorInvalidDeviceFunction);
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->ptxVersion = attributes->binaryVersion = 90;
  return cudaSuccess;
}
