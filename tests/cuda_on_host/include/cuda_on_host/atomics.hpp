// SPDX-License-Identifier: BSD-3-Clause
// Atomic operations: one thread runs at a time, so a read and a write are never parted.
#pragma once

#include <algorithm>
#include <type_traits>

namespace quickbeam::cuda_on_host {
template <class T>
T sum_of(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else  // wraps, as on the GPU
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) +
                          static_cast<std::make_unsigned_t<T>>(b));
}
}  // namespace quickbeam::cuda_on_host

#define QUICKBEAM_ATOMIC(name, T, expression)  \
  inline T atomic##name(T* address, T value) { \
    const T old = *address;                    \
    *address = static_cast<T>(expression);     \
    return old;                                \
  }                                            \
  inline T atomic##name##_block(T* address, T value) { return atomic##name(address, value); }
#define QUICKBEAM_ATOMICS(T)                     \
  QUICKBEAM_ATOMIC(Min, T, std::min(old, value)) \
  QUICKBEAM_ATOMIC(Max, T, std::max(old, value)) \
  QUICKBEAM_ATOMIC(And, T, old& value)           \
  QUICKBEAM_ATOMIC(Or, T, old | value)           \
  QUICKBEAM_ATOMIC(Xor, T, old ^ value)
#define QUICKBEAM_ATOMIC_SWAPS(T)                      \
  QUICKBEAM_ATOMIC(Exch, T, value)                     \
  inline T atomicCAS(T* address, T compare, T value) { \
    const T old = *address;                            \
    if (old == compare) *address = value;              \
    return old;                                        \
  }
QUICKBEAM_ATOMICS(int)
QUICKBEAM_ATOMICS(unsigned)
QUICKBEAM_ATOMICS(long long)
QUICKBEAM_ATOMICS(unsigned long long)
// The types CUDA has them for: no atomicAdd, atomicExch or atomicCAS of long long.
QUICKBEAM_ATOMIC_SWAPS(int)
QUICKBEAM_ATOMIC_SWAPS(unsigned)
QUICKBEAM_ATOMIC_SWAPS(unsigned long long)
QUICKBEAM_ATOMIC(Add, int, quickbeam::cuda_on_host::sum_of(old, value))
QUICKBEAM_ATOMIC(Add, unsigned, quickbeam::cuda_on_host::sum_of(old, value))
QUICKBEAM_ATOMIC(Add, unsigned long long, quickbeam::cuda_on_host::sum_of(old, value))
QUICKBEAM_ATOMIC(Add, float, old + value)
QUICKBEAM_ATOMIC(Add, double, old + value)
QUICKBEAM_ATOMIC(Sub, int,
                 quickbeam::cuda_on_host::sum_of(old, static_cast<int>(0u - unsigned(value))))
QUICKBEAM_ATOMIC(Sub, unsigned, old - value)
QUICKBEAM_ATOMIC(Exch, float, value)
QUICKBEAM_ATOMIC(Inc, unsigned, old >= value ? 0 : old + 1)
QUICKBEAM_ATOMIC(Dec, unsigned, old == 0 || old > value ? value : old - 1)
#undef QUICKBEAM_ATOMICS
#undef QUICKBEAM_ATOMIC_SWAPS
#undef QUICKBEAM_ATOMIC
