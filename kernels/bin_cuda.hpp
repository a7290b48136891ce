// SPDX-License-Identifier: BSD-3-Clause
// Block reductions and sampled dilation on the GPU: the definitions of kernels/ops, one thread for
// each output pixel. No CUDA type appears here, so that host code can call it.
#pragma once

#include <cstdint>

#include <quickbeam/core/extent.hpp>

#include "kernels/ops/bin.hpp"
#include "kernels/reduce.hpp"

namespace quickbeam::kernels::cuda {

/// Where the reduced frame goes, in device memory. `values` has elements of reduced_type<W>(spec);
/// both planes are contiguous and of the size reduced_extent gives.
struct DeviceReduced {
  Extent extent{};
  void* values = nullptr;
  std::uint8_t* saturated = nullptr;
};

/// Queues the reduction of `in` (device pointers) on `stream` (a cudaStream_t) and returns at once:
/// no allocation, no synchronisation. Exact: the values and flags the CPU gives, bit for bit.
/// Throws Error (device) when the launch is refused. W: i32, i64, f32, f64.
template <class W>
void reduce_frame(const Counts<W>& in, const ReduceSpec& spec, const DeviceReduced& out,
                  void* stream);

}  // namespace quickbeam::kernels::cuda
