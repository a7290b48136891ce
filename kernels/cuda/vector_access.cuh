// SPDX-License-Identifier: BSD-3-Clause
// Several neighbouring values moved by one thread at a time, in accesses as wide as their address
// allows.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace quickbeam::kernels::cuda {

/// The widest access of one thread.
inline constexpr unsigned vector_bytes = 16;

/// `count` values as the hardware moves them: in pieces of up to vector_bytes.
template <class V, unsigned count>
struct alignas(count * sizeof(V) < vector_bytes ? count * sizeof(V) : vector_bytes) Pack {
  V values[count];
};

template <class V, unsigned count>
__device__ bool fits_pack(const V* at) {
  return reinterpret_cast<std::uintptr_t>(at) % alignof(Pack<V, count>) == 0;
}

template <class V, unsigned count>
__device__ void load_values(const V* at, V (&values)[count]) {
  if (fits_pack<V, count>(at)) {
    const auto pack = *reinterpret_cast<const Pack<V, count>*>(at);
#pragma unroll
    for (unsigned i = 0; i < count; ++i) values[i] = pack.values[i];
  } else {
#pragma unroll
    for (unsigned i = 0; i < count; ++i) values[i] = at[i];
  }
}

template <class V, unsigned count>
__device__ void store_values(V* at, const V (&values)[count]) {
  if (fits_pack<V, count>(at)) {
    Pack<V, count> pack;
#pragma unroll
    for (unsigned i = 0; i < count; ++i) pack.values[i] = values[i];
    *reinterpret_cast<Pack<V, count>*>(at) = pack;
  } else {
#pragma unroll
    for (unsigned i = 0; i < count; ++i) at[i] = values[i];
  }
}

}  // namespace quickbeam::kernels::cuda
