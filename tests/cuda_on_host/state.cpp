// SPDX-License-Identifier: BSD-3-Clause
// How calls begin and end, the faults asked for, and the tests' side of the emulation.
#include "tests/cuda_on_host/state.hpp"

#include <algorithm>

namespace quickbeam::cuda_on_host {

State& state() {
  // Never destroyed: static objects of a program may call CUDA at its end.
  static State* const all = [] {
    auto* made = new State;
    read_environment(*made);
    return made;
  }();
  return *all;
}

cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

Call::Call(const char* name, Needs needs) : lock_(state().lock) {
  State& all = state();
  ++all.calls[name];
  if (all.broken != cudaSuccess) {
    status_ = result(all.broken);
    return;
  }
  if (needs == Needs::device && all.driver != cudaSuccess) status_ = result(all.driver);
  for (auto fault = all.faults.begin(); fault != all.faults.end();) {
    if (fault->call != name || --fault->nth > 0) {
      ++fault;
      continue;
    }
    if (fault->surfacing == Surfacing::later) {
      later_ = fault->code;
      later_lasting_ = fault->lasting;
    } else {
      if (fault->lasting == Lasting::sticky) all.broken = fault->code;
      status_ = result(fault->code);
    }
    fault = all.faults.erase(fault);
  }
}

cudaError_t Call::result(cudaError_t error) const {
  if (error != cudaSuccess && error != cudaErrorNotReady) last_error() = error;
  return error;
}

cudaError_t Call::synchronised() const {
  State& all = state();
  if (all.broken != cudaSuccess) return result(all.broken);
  const cudaError_t seen = all.surfacing;
  all.surfacing = cudaSuccess;
  return result(seen);
}

void Call::mark(Work& work) const {
  work.fails_with = later_;
  work.lasting = later_lasting_;
}

void fail_call(std::string call, int nth, cudaError_t code, Lasting lasting, Surfacing surfacing) {
  const std::lock_guard lock(state().lock);
  state().faults.push_back({std::move(call), nth, code, lasting, surfacing, false});
}

int calls(const std::string& call) {
  const std::lock_guard lock(state().lock);
  return state().calls[call];
}

void set_devices(int count, std::size_t bytes_each) {
  const std::lock_guard lock(state().lock);
  state().devices = count;
  state().device_bytes = bytes_each;
}

void set_driver(cudaError_t status) {
  const std::lock_guard lock(state().lock);
  state().driver = status;
}

void set_kernel_image(cudaError_t status) {
  const std::lock_guard lock(state().lock);
  state().kernel_image = status;
}

void set_order(Order order) {
  const std::lock_guard lock(state().lock);
  state().order = order;
}

void set_seed(std::uint64_t seed) {
  const std::lock_guard lock(state().lock);
  state().random.seed(seed);
}

void set_progress(Progress progress) {
  const std::lock_guard lock(state().lock);
  state().progress = progress;
}

namespace {

std::string alive_unlocked() {
  const State& all = state();
  std::string lines;
  for (const auto& [base, block] : all.device_blocks)
    lines += "device memory of " + std::to_string(block.bytes) + " bytes\n";
  for (const auto& [base, block] : all.host_blocks)
    lines += std::string(block.registered ? "registered" : "pinned") + " memory of " +
             std::to_string(block.bytes) + " bytes\n";
  for (const CUstream_st* stream : all.streams) {
    if (!stream->destroyed) lines += "a stream\n";
    for (const Work& work : stream->work) lines += "work that never ran: " + work.what + "\n";
  }
  for (std::size_t i = 0; i < all.events.size(); ++i) lines += "an event\n";
  return lines;
}

}  // namespace

std::string alive() {
  const std::lock_guard lock(state().lock);
  return alive_unlocked();
}

std::string reset() {
  const std::lock_guard lock(state().lock);
  State& all = state();
  std::string lines = alive_unlocked();
  drop_streams();
  while (!all.device_blocks.empty()) free_device_block(all.device_blocks.begin()->first);
  all.host_blocks.clear();
  all.used.clear();
  all.devices = 1;
  all.device_bytes = std::size_t{1} << 30;
  all.driver = all.kernel_image = all.broken = all.surfacing = cudaSuccess;
  all.order = Order::drawn;
  all.progress = Progress::drawn;
  all.random.seed(1);
  all.faults.clear();
  all.calls.clear();
  last_error() = cudaSuccess;
  current_device() = 0;
  read_environment(all);
  return lines;
}

}  // namespace quickbeam::cuda_on_host
