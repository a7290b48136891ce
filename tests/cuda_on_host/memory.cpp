// SPDX-License-Identifier: BSD-3-Clause
// Device memory with junk in it and forbidden pages around it, pinned memory, and copies.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_on_host/sanitizers.hpp"
#include "tests/cuda_on_host/state.hpp"

namespace quickbeam::cuda_on_host {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 512;  // cudaMalloc's is at least 256
constexpr unsigned char margin_byte = 0xB7;

std::size_t up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// Bytes that make no sense as counts, flags or pointers, other ones each time.
QUICKBEAM_UNSANITIZED void fill_junk(char* memory, std::size_t bytes, std::uint64_t pattern) {
  pattern |= 0x8000000080000000;
  for (std::size_t i = 0; i < bytes; ++i) memory[i] = static_cast<char>(pattern >> (i % 8 * 8));
}

/// The bytes between the end of an allocation and the forbidden page behind it.
struct Margin {
  const unsigned char* begin;
  std::size_t bytes;
};
Margin margin_of(std::uintptr_t base, const DeviceBlock& block) {
  const auto end = base + block.bytes;
  return {reinterpret_cast<const unsigned char*>(end),
          reinterpret_cast<std::uintptr_t>(block.mapping) + block.mapping_bytes - page - end};
}

QUICKBEAM_UNSANITIZED bool is_whole(const Margin& margin) {
  for (std::size_t i = 0; i < margin.bytes; ++i)
    if (margin.begin[i] != margin_byte) return false;
  return true;
}

template <class Blocks>
auto find_block(Blocks& blocks, const void* memory, std::size_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  auto next = blocks.upper_bound(at);
  if (next == blocks.begin()) return decltype(&next->second){nullptr};
  --next;
  const std::size_t offset = at - next->first;
  const bool inside = offset < next->second.bytes && bytes <= next->second.bytes - offset;
  return inside ? &next->second : nullptr;
}

}  // namespace

const DeviceBlock* find_device_block(const void* memory, std::size_t bytes) {
  return find_block(state().device_blocks, memory, bytes);
}

const HostBlock* find_host_block(const void* memory, std::size_t bytes) {
  return find_block(state().host_blocks, memory, bytes);
}

void check_margins(const std::string& what) {
  for (const auto& [base, block] : state().device_blocks) {
    if (is_whole(margin_of(base, block))) continue;
    std::fprintf(stderr, "cuda_on_host: written behind %zu bytes of device memory by: %s\n",
                 block.bytes, what.c_str());
    std::abort();
  }
}

void free_device_block(std::uintptr_t base) {
  const auto found = state().device_blocks.find(base);
  const DeviceBlock block = found->second;
  state().used[block.device] -= up(block.bytes, alignment);
  state().device_blocks.erase(found);
  allow_access(block.mapping, block.mapping_bytes);
  munmap(block.mapping, block.mapping_bytes);
}

namespace {

/// [forbidden page][... data][margin up to `alignment`][forbidden page]
cudaError_t allocate(void** memory, std::size_t bytes) {
  State& all = state();
  const int device = current_device();
  const std::size_t room = up(bytes, alignment);
  if (room > all.device_bytes - all.used[device]) return cudaErrorMemoryAllocation;
  const std::size_t mapping_bytes = up(room, page) + 2 * page;
  void* const mapping = mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return cudaErrorMemoryAllocation;
  char* const begin = static_cast<char*>(mapping);
  mprotect(begin, page, PROT_NONE);
  mprotect(begin + mapping_bytes - page, page, PROT_NONE);
  char* const data = begin + mapping_bytes - page - room;
  fill_junk(data, bytes, all.random());
  std::memset(data + bytes, margin_byte, room - bytes);
  forbid_access(data + bytes, room - bytes);
  all.used[device] += room;
  all.device_blocks[reinterpret_cast<std::uintptr_t>(data)] = {bytes, device, begin, mapping_bytes};
  *memory = data;
  return cudaSuccess;
}

/// Whether `kind` says where the two sides are; *pageable: one of them is plain host memory.
bool direction_is_right(const void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                        bool* pageable) {
  const bool to_device = find_device_block(to, bytes), from_device = find_device_block(from, bytes);
  *pageable = (!to_device && !find_host_block(to, bytes)) ||
              (!from_device && !find_host_block(from, bytes));
  // A host side may not begin in device memory either: that is a copy past an allocation's end.
  if (!to_device && find_device_block(to, 1)) return false;
  if (!from_device && find_device_block(from, 1)) return false;
  switch (kind) {
    case cudaMemcpyHostToHost:
      return !to_device && !from_device;
    case cudaMemcpyHostToDevice:
      return to_device && !from_device;
    case cudaMemcpyDeviceToHost:
      return !to_device && from_device;
    case cudaMemcpyDeviceToDevice:
      return to_device && from_device;
    case cudaMemcpyDefault:
      return true;
  }
  return false;
}

const char* name_of(cudaMemcpyKind kind) {
  constexpr const char* names[] = {"copy on the host", "copy to the device", "copy to the host",
                                   "copy on the device", "copy"};
  return names[kind];
}

/// Pageable memory as CUDA documents it: a source on the host is read at the call; a target on the
/// host is filled when the call returns.
cudaError_t copy(const Call& call, void* to, const void* from, std::size_t bytes,
                 cudaMemcpyKind kind, cudaStream_t handle) {
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return call.result(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return cudaSuccess;
  bool pageable = false;
  if (!direction_is_right(to, from, bytes, kind, &pageable))
    return call.result(cudaErrorInvalidValue);
  Work work{.what = name_of(kind), .run = {}};
  call.mark(work);
  const bool from_host = !find_device_block(from, bytes);
  if (pageable && from_host && find_device_block(to, bytes)) {
    const auto* const first = static_cast<const char*>(from);
    work.run = [to, staged = std::vector<char>(first, first + bytes)] {
      std::memcpy(to, staged.data(), staged.size());
    };
    queue(*stream, std::move(work));
    return cudaSuccess;
  }
  work.run = [=] { std::memmove(to, from, bytes); };
  queue(*stream, std::move(work));
  if (!pageable) return cudaSuccess;
  run_stream(*stream);
  return call.synchronised();
}

cudaError_t allocate_pinned(const Call& call, void** memory, std::size_t bytes) {
  if (call.status() != cudaSuccess) return call.status();
  if (memory == nullptr) return call.result(cudaErrorInvalidValue);
  *memory = nullptr;
  if (bytes == 0) return cudaSuccess;
  void* const data = std::aligned_alloc(page, up(bytes, page));
  if (data == nullptr) return call.result(cudaErrorMemoryAllocation);
  fill_junk(static_cast<char*>(data), bytes, state().random());
  forbid_access(static_cast<char*>(data) + bytes, up(bytes, page) - bytes);
  state().host_blocks[reinterpret_cast<std::uintptr_t>(data)] = {bytes, false};
  *memory = data;
  return cudaSuccess;
}

}  // namespace
}  // namespace quickbeam::cuda_on_host

using namespace quickbeam::cuda_on_host;

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const Call call("cudaMalloc");
  if (call.status() != cudaSuccess) return call.status();
  if (memory == nullptr) return call.result(cudaErrorInvalidValue);
  *memory = nullptr;
  return bytes == 0 ? cudaSuccess : call.result(allocate(memory, bytes));
}

cudaError_t cudaFree(void* memory) {
  const Call call("cudaFree");
  if (memory == nullptr) return call.status();
  const auto base = reinterpret_cast<std::uintptr_t>(memory);
  const auto found = state().device_blocks.find(base);
  if (found == state().device_blocks.end()) return call.result(cudaErrorInvalidValue);
  run_device(found->second.device);  // it waits for the device
  free_device_block(base);           // even when the device is broken, for the leak check
  return call.status() != cudaSuccess ? call.status() : call.synchronised();
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes, unsigned) {
  const Call call("cudaMallocHost");
  return allocate_pinned(call, memory, bytes);
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  const Call call("cudaHostAlloc");
  return allocate_pinned(call, memory, bytes);
}

cudaError_t cudaFreeHost(void* memory) {
  const Call call("cudaFreeHost");
  if (memory == nullptr) return call.status();
  const auto found = state().host_blocks.find(reinterpret_cast<std::uintptr_t>(memory));
  if (found == state().host_blocks.end() || found->second.registered)
    return call.result(cudaErrorInvalidValue);
  for (int device = 0; device < state().devices; ++device) run_device(device);
  allow_access(memory, up(found->second.bytes, page));
  state().host_blocks.erase(found);
  std::free(memory);
  return call.status() != cudaSuccess ? call.status() : call.synchronised();
}

cudaError_t cudaHostRegister(void* memory, std::size_t bytes, unsigned) {
  const Call call("cudaHostRegister");
  if (call.status() != cudaSuccess) return call.status();
  if (memory == nullptr || bytes == 0) return call.result(cudaErrorInvalidValue);
  if (find_host_block(memory, 1)) return call.result(cudaErrorHostMemoryAlreadyRegistered);
  state().host_blocks[reinterpret_cast<std::uintptr_t>(memory)] = {bytes, true};
  return cudaSuccess;
}

cudaError_t cudaHostUnregister(void* memory) {
  const Call call("cudaHostUnregister");
  const auto found = state().host_blocks.find(reinterpret_cast<std::uintptr_t>(memory));
  if (found == state().host_blocks.end() || !found->second.registered)
    return call.result(cudaErrorHostMemoryNotRegistered);
  for (int device = 0; device < state().devices; ++device) run_device(device);
  state().host_blocks.erase(found);
  return call.status();
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const Call call("cudaMemGetInfo");
  if (call.status() != cudaSuccess) return call.status();
  *total = state().device_bytes;
  *free = *total - state().used[current_device()];
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* memory) {
  const Call call("cudaPointerGetAttributes");
  if (call.status() != cudaSuccess) return call.status();
  auto* const p = const_cast<void*>(memory);
  if (const DeviceBlock* block = find_device_block(memory, 1))
    *attributes = {cudaMemoryTypeDevice, block->device, p, nullptr};
  else if (find_host_block(memory, 1))
    *attributes = {cudaMemoryTypeHost, current_device(), p, p};
  else
    *attributes = {cudaMemoryTypeUnregistered, -1, nullptr, p};
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Call call("cudaMemcpyAsync");
  return call.status() != cudaSuccess ? call.status() : copy(call, to, from, bytes, kind, stream);
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const Call call("cudaMemcpy");
  if (call.status() != cudaSuccess) return call.status();
  const cudaError_t error = copy(call, to, from, bytes, kind, nullptr);
  return error != cudaSuccess ? error : call.synchronised();
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t handle) {
  const Call call("cudaMemsetAsync");
  if (call.status() != cudaSuccess) return call.status();
  CUstream_st* const stream = find_stream(handle);
  if (!stream) return call.result(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return cudaSuccess;
  if (!find_device_block(memory, bytes)) return call.result(cudaErrorInvalidValue);
  Work work{.what = "memset", .run = [=] { std::memset(memory, value, bytes); }};
  call.mark(work);
  queue(*stream, std::move(work));
  return cudaSuccess;
}
