// SPDX-License-Identifier: BSD-3-Clause
// Where a thread of an emulated kernel is, and where the threads of its block meet.
#pragma once

#include "cuda_on_host/vector_types.hpp"

/// Of the one thread that runs now; the emulation changes them at each switch between threads.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace quickbeam::cuda_on_host {

/// A line of a kernel: what a default argument sees of its caller.
struct Where {
  const char* file;
  int line;
  static constexpr Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// Runs once when all have arrived and before any goes on; slots[i] is what thread i of the block
/// (or lane i of the warp) brought, null for lanes that take no part.
using Combine = void (*)(void* const* slots, unsigned count);

/// Waits for all threads of the block. One that has ended, or that waits at another line or with
/// another `combine`, is an error of the kernel: reported, and the program ends.
void meet_block(Where where, void* slot, Combine combine);
/// Waits for the lanes in `mask`, the caller's own among them, in the same way.
void meet_warp(unsigned mask, Where where, void* slot, Combine combine);
/// The number of the running thread in its block, x fastest.
unsigned thread_rank();
unsigned block_threads();
/// Grows by one at each __syncthreads of the running block, and differs between blocks: what the
/// reuse of cub's temporary storage is checked with.
unsigned long long barrier_serial();
/// __syncthreads: meet_block, then a new barrier_serial.
void synchronise_block(Where where, void* slot, Combine combine);
/// Prints what is wrong with the running kernel and ends the program.
[[noreturn]] void fail_kernel(const char* what);

/// __syncthreads_count and its kin: all learn how many predicates were true.
struct Vote {
  int predicate;
  int count = 0;
};
inline int vote_block(int predicate, Where where) {
  Vote vote{predicate != 0};
  synchronise_block(where, &vote, [](void* const* slots, unsigned count) {
    int sum = 0;
    for (unsigned i = 0; i < count; ++i) sum += static_cast<Vote*>(slots[i])->predicate;
    for (unsigned i = 0; i < count; ++i) static_cast<Vote*>(slots[i])->count = sum;
  });
  return vote.count;
}

}  // namespace quickbeam::cuda_on_host

inline void __syncthreads(
    quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  quickbeam::cuda_on_host::synchronise_block(where, nullptr, nullptr);
}
inline int __syncthreads_count(
    int predicate, quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  return quickbeam::cuda_on_host::vote_block(predicate, where);
}
inline int __syncthreads_or(
    int predicate, quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  return quickbeam::cuda_on_host::vote_block(predicate, where) != 0;
}
inline int __syncthreads_and(
    int predicate, quickbeam::cuda_on_host::Where where = quickbeam::cuda_on_host::Where::here()) {
  return quickbeam::cuda_on_host::vote_block(!predicate, where) == 0;
}

// One thread runs at a time and nothing is cached between them: an order is always kept.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
[[noreturn]] inline void __trap() { quickbeam::cuda_on_host::fail_kernel("__trap"); }
