// SPDX-License-Identifier: BSD-3-Clause
// What the emulated cub classes share: temporary storage that notices misuse, and junk for results
// that CUB leaves undefined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cuda_on_host/thread.hpp"

namespace quickbeam::cuda_on_host {

struct Plus {
  template <class T>
  constexpr T operator()(const T& a, const T& b) const {
    return static_cast<T>(a + b);
  }
};

/// Bytes that are no likely result.
template <class T>
T junk() {
  T value;
  std::memset(static_cast<void*>(&value), 0x93, sizeof(T));
  return value;
}

/// Temporary storage of a collective of `Threads` threads. Each use writes over all of it, as CUB
/// may; a second use without a __syncthreads between them is reported.
template <class T, unsigned Threads>
struct alignas(16) Storage {
  std::uint64_t used_at[2];
  unsigned char bytes[(Threads / 32 + 1) * sizeof(T)];

  /// Called once for each use, when all threads have arrived.
  void use() {
    constexpr std::uint64_t mark = 0x71b5a3c4d2e6f809;
    const std::uint64_t now = barrier_serial();
    if (used_at[0] == mark && used_at[1] == now)
      fail_kernel("temporary storage of cub is used again without a __syncthreads between");
    used_at[0] = mark;
    used_at[1] = now;
    std::memset(bytes, 0x93, sizeof bytes);
  }
};

}  // namespace quickbeam::cuda_on_host
