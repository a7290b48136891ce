// SPDX-License-Identifier: BSD-3-Clause
// All that the emulated runtime remembers, behind one lock: it is one GPU driver, and one kernel
// or copy runs at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/cuda_on_host/emulation.hpp"

namespace quickbeam::cuda_on_host {

/// One cudaEventRecord: reached once the work queued before it has run.
struct Record {
  CUstream_st* stream;
  bool reached = false;
  std::chrono::steady_clock::time_point when{};
};

/// One thing queued on a stream.
struct Work {
  std::string what;
  std::function<void()> run;
  std::shared_ptr<Record> waits_for{}, reaches{};
  cudaError_t fails_with = cudaSuccess;  ///< instead of running
  Lasting lasting = Lasting::once;
};

struct DeviceBlock {
  std::size_t bytes;
  int device;
  char* mapping;
  std::size_t mapping_bytes;
};

struct HostBlock {
  std::size_t bytes;
  bool registered;  ///< by cudaHostRegister: not ours
};

struct Fault {
  std::string call;
  int nth;
  cudaError_t code;
  Lasting lasting;
  Surfacing surfacing;
  bool of_environment = false;  ///< said at the end of the program when it never came
};

struct State {
  std::mutex lock;
  int devices = 1;
  std::size_t device_bytes = std::size_t{1} << 30;
  cudaError_t driver = cudaSuccess, kernel_image = cudaSuccess;
  Order order = Order::drawn;
  Progress progress = Progress::drawn;
  std::mt19937_64 random{1};

  std::map<std::uintptr_t, DeviceBlock> device_blocks;
  std::map<std::uintptr_t, HostBlock> host_blocks;
  std::map<int, std::size_t> used;
  std::set<CUstream_st*> streams;  ///< destroyed ones too, until their work is done
  std::set<CUevent_st*> events;
  std::map<int, std::unique_ptr<CUstream_st>> null_streams;  ///< of each device

  bool records_kernels = false;   ///< written down at the end of the program
  std::set<const void*> kernels;  ///< launched so far

  std::vector<Fault> faults;
  std::map<std::string, int> calls;
  cudaError_t broken = cudaSuccess;     ///< a sticky fault: what every call returns
  cudaError_t surfacing = cudaSuccess;  ///< an asynchronous one, not yet seen by anyone
};

State& state();

/// What every call begins with: takes the lock, counts the call, and says whether it must fail.
class Call {
 public:
  enum class Needs { device, nothing };
  explicit Call(const char* name, Needs needs = Needs::device);
  /// cudaSuccess: go on.
  cudaError_t status() const { return status_; }
  /// Notes an error as the calling thread's last, and returns it.
  cudaError_t result(cudaError_t error) const;
  /// As result; and an asynchronous fault surfaces in this call.
  cudaError_t synchronised() const;
  /// Takes the fault that the work queued by this call is to run into, if one was asked for.
  void mark(Work& work) const;

 private:
  std::unique_lock<std::mutex> lock_;
  cudaError_t status_ = cudaSuccess;
  cudaError_t later_ = cudaSuccess;
  Lasting later_lasting_ = Lasting::once;
};

cudaError_t& last_error();
int& current_device();

/// The device block or host block around [memory, memory + bytes), or null.
const DeviceBlock* find_device_block(const void* memory, std::size_t bytes);
const HostBlock* find_host_block(const void* memory, std::size_t bytes);
/// Ends the program when a kernel or copy wrote beside an allocation.
void check_margins(const std::string& what);
void free_device_block(std::uintptr_t base);

/// The stream behind a handle (null: the current device's default stream); nullptr when dead.
CUstream_st* find_stream(cudaStream_t handle);
/// Queues, then runs what the moment asks for.
void queue(CUstream_st& stream, Work work);
void run_stream(CUstream_st& stream);
void run_until(const std::shared_ptr<Record>& record);
void run_device(int device);
/// A little of the queued work, when progress is drawn.
void run_some();
/// Gives up all streams and events.
void drop_streams();

void read_environment(State& all);

}  // namespace quickbeam::cuda_on_host

struct CUstream_st {
  int device = 0;
  unsigned flags = 0;
  bool destroyed = false;
  std::deque<quickbeam::cuda_on_host::Work> work;
};

struct CUevent_st {
  int device = 0;
  unsigned flags = 0;
  std::shared_ptr<quickbeam::cuda_on_host::Record> record;
};
