// SPDX-License-Identifier: BSD-3-Clause
// What a test can ask of the emulation: its devices, its faults, its order, what is still alive.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace quickbeam::cuda_on_host {

/// Everything as at the start of the program, environment variables included. All memory, streams
/// and events must be gone: returns what was not (see alive), after giving it up.
std::string reset();

/// Allocations, streams, events and queued work that exist, one line each; "" when there are none.
std::string alive();

/// Pretend devices, and the memory of each. Before any is used (or after reset).
void set_devices(int count, std::size_t bytes_each = std::size_t{1} << 30);
/// From now on every call that needs a device fails so: cudaErrorNoDevice,
/// cudaErrorInsufficientDriver. cudaSuccess: a driver again.
void set_driver(cudaError_t status);
/// Launches and cudaFuncGetAttributes fail so, as with code built for another card.
void set_kernel_image(cudaError_t status);

enum class Lasting { once, sticky };
enum class Surfacing {
  at_the_call,
  later  ///< the work runs into it: seen at the next synchronisation or query, in any stream
};

/// The nth next call of the runtime function `call` ("cudaMalloc", "cudaLaunchKernelEx") by any
/// thread fails with `code`. A sticky fault then fails every call but cudaGetErrorName/String.
void fail_call(std::string call, int nth, cudaError_t code, Lasting lasting = Lasting::once,
               Surfacing surfacing = Surfacing::at_the_call);
/// How often `call` was called since the start or reset.
int calls(const std::string& call);

/// How the threads of a block and the blocks of a grid take turns.
enum class Order { drawn, forward, backward, shuffled };
void set_order(Order order);
/// Of the drawn orders and moments.
void set_seed(std::uint64_t seed);

/// When queued work runs.
enum class Progress {
  drawn,  ///< at a synchronisation, or at a random moment before
  late    ///< not before a synchronisation asks for it
};
void set_progress(Progress progress);

}  // namespace quickbeam::cuda_on_host
