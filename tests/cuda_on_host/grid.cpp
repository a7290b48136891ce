// SPDX-License-Identifier: BSD-3-Clause
// The threads of a block take turns until all have ended; those that wait for others are passed
// over.
#include "tests/cuda_on_host/grid.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "cuda_on_host/thread.hpp"
#include "tests/cuda_on_host/fiber.hpp"
#include "tests/cuda_on_host/shared.hpp"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace quickbeam::cuda_on_host {
namespace {

enum class State { ready, in_block_meeting, in_warp_meeting, ended };

/// One thread of the running block, and what it waits for.
struct Thread {
  std::unique_ptr<Fiber> fiber = std::make_unique<Fiber>();
  State state = State::ended;
  unsigned rank = 0;
  uint3 index{};
  unsigned mask = 0;
  Where where{};
  void* slot = nullptr;
  Combine combine = nullptr;
};

std::vector<Thread> pool;  // kept from launch to launch: the stacks are reused
unsigned count = 0;        // threads of the running block
Thread* running = nullptr;
unsigned waiting = 0;  // threads in the block's meeting
unsigned long long serial = 0;
const char* kernel_name = "";
std::vector<void*> slots;

std::string text(const Where& where) {
  return std::string(where.file) + ":" + std::to_string(where.line);
}

/// Where the threads of the block are, the same places counted together.
std::string places() {
  std::string all;
  for (unsigned i = 0; i < count;) {
    const auto place = [](const Thread& t) {
      if (t.state == State::ended) return std::string("ended");
      if (t.state == State::ready) return std::string("can go on");
      const bool block = t.state == State::in_block_meeting;
      return (block ? "waits for the block at " : "waits for its warp at ") + text(t.where);
    };
    unsigned end = i + 1;
    while (end < count && place(pool[end]) == place(pool[i])) ++end;
    all += "  threads " + std::to_string(i) + " to " + std::to_string(end - 1) + ": " +
           place(pool[i]) + "\n";
    i = end;
  }
  return all;
}

void set_waiting(State state, unsigned mask, const Where& where, void* slot, Combine combine) {
  running->state = state;
  running->mask = mask;
  running->where = where;
  running->slot = slot;
  running->combine = combine;
}

void finish_block_meeting() {
  slots.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    const Thread& t = pool[i];
    if (t.where.line != pool[0].where.line || t.combine != pool[0].combine ||
        std::string_view(t.where.file) != pool[0].where.file)
      fail_kernel("threads of a block wait at different barriers");
    slots[i] = t.slot;
  }
  if (pool[0].combine) pool[0].combine(slots.data(), count);
  for (unsigned i = 0; i < count; ++i) pool[i].state = State::ready;
  waiting = 0;
}

/// Once every lane of the mask waits with the same mask and operation.
void finish_warp_meeting(unsigned mask) {
  Thread* const warp = &pool[running->rank / 32 * 32];
  const unsigned lanes = std::min(32u, count - warp->rank);
  void* brought[32] = {};
  for (unsigned i = 0; i < 32; ++i) {
    if (!(mask >> i & 1u)) continue;
    if (i >= lanes || warp[i].state == State::ended)
      fail_kernel("the mask of a warp operation names a lane that has ended or does not exist");
    if (warp[i].state != State::in_warp_meeting) return;
    if (warp[i].mask != mask) fail_kernel("lanes of a warp meet with different masks");
    if (warp[i].combine != running->combine)
      fail_kernel("lanes of a warp meet in different operations");
    brought[i] = warp[i].slot;
  }
  if (running->combine) running->combine(brought, 32);
  for (unsigned i = 0; i < lanes; ++i)
    if (mask >> i & 1u) warp[i].state = State::ready;
}

void run_block(const std::function<void()>& body, std::vector<unsigned>& order, Order way,
               std::mt19937_64& random) {
  ++serial;
  waiting = 0;
  for (unsigned i = 0; i < count; ++i) {
    pool[i].state = State::ready;
    pool[i].fiber->start(body);
  }
  if (way == Order::shuffled) std::shuffle(order.begin(), order.end(), random);
  for (unsigned left = count; left > 0;) {
    bool moved = false;
    for (const unsigned i : order) {
      Thread& thread = pool[i];
      if (thread.state != State::ready) continue;
      moved = true;
      running = &thread;
      threadIdx = thread.index;
      thread.fiber->resume();
      if (!thread.fiber->done()) continue;
      thread.state = State::ended;
      --left;
    }
    if (!moved) fail_kernel("no thread of the block can go on");
  }
}

void prepare_threads(dim3 block) {
  count = block.x * block.y * block.z;
  if (pool.size() < count) pool.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    pool[i].rank = i;
    pool[i].index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
  }
}

template <class T>
std::vector<T> in_order(T size, Order way, std::mt19937_64& random) {
  std::vector<T> order(size);
  std::iota(order.begin(), order.end(), T{0});
  if (way == Order::backward) std::reverse(order.begin(), order.end());
  if (way == Order::shuffled) std::shuffle(order.begin(), order.end(), random);
  return order;
}

}  // namespace

void fail_kernel(const char* what) {
  std::fprintf(stderr, "cuda_on_host: %s\n%s\nblock (%u, %u, %u), thread (%u, %u, %u)\n%s", what,
               kernel_name, blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y,
               threadIdx.z, places().c_str());
  std::abort();
}

void meet_block(Where where, void* slot, Combine combine) {
  set_waiting(State::in_block_meeting, 0, where, slot, combine);
  if (++waiting == count) finish_block_meeting();
  Fiber::pause();
}

void meet_warp(unsigned mask, Where where, void* slot, Combine combine) {
  if (!(mask >> (running->rank % 32) & 1u))
    fail_kernel("the mask of a warp operation does not name the calling lane");
  set_waiting(State::in_warp_meeting, mask, where, slot, combine);
  finish_warp_meeting(mask);
  Fiber::pause();
}

unsigned thread_rank() { return running->rank; }
unsigned block_threads() { return count; }
unsigned long long barrier_serial() { return serial; }

void synchronise_block(Where where, void* slot, Combine combine) {
  meet_block(where, slot, combine);
  if (running->rank == 0) ++serial;
}

void run_grid(dim3 grid, dim3 block, const std::function<void()>& body, const char* name,
              std::uint64_t seed, Order order) {
  std::mt19937_64 random(seed);
  const auto way = [&] {
    return order == Order::drawn ? static_cast<Order>(1 + random() % 3) : order;
  };
  kernel_name = name;
  gridDim = grid;
  blockDim = block;
  prepare_threads(block);
  const Order threads_way = way(), blocks_way = way();
  std::vector<unsigned> threads = in_order(count, threads_way, random);
  std::uint64_t done = 0;
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  for (const std::uint64_t i : in_order(blocks, blocks_way, random)) {
    blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                static_cast<unsigned>(i / grid.x / grid.y)};
    fill_shared_memory(done++, random());
    run_block(body, threads, threads_way, random);
  }
}

}  // namespace quickbeam::cuda_on_host
