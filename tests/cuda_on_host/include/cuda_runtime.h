// SPDX-License-Identifier: BSD-3-Clause
// What a .cu file sees of CUDA when tests/cuda_on_host compiles it as C++: no GPU is behind it.
#pragma once

#include "cuda_runtime_api.h"

#define __host__
#define __device__
#define __global__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
/// One copy for all: one block runs at a time. It holds junk when a block begins (shared.hpp), as
/// shared memory does. Put alignas(n) before the word, not behind it. No dynamic shared memory.
#define __shared__ static

#include "cuda_on_host/atomics.hpp"
#include "cuda_on_host/intrinsics.hpp"
#include "cuda_on_host/launch.hpp"
#include "cuda_on_host/thread.hpp"
#include "cuda_on_host/warp.hpp"
