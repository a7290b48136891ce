// SPDX-License-Identifier: BSD-3-Clause
// One thread computes one reduced pixel by the definitions in kernels/ops.
#include "kernels/bin_cuda.hpp"

#include <cuda_runtime_api.h>

#include <utility>

#include <quickbeam/core/error.hpp>

#include "kernels/ops/dilate.hpp"

namespace quickbeam::kernels::cuda {
namespace {

/// Threads of a block: a warp along a row, so that neighbours read neighbouring windows.
constexpr dim3 block_shape{32, 8, 1};
/// The y dimension of a grid ends here on every card; taller images take several rows a thread.
constexpr unsigned largest_grid_y = 65535;

template <class Op>
__global__ void __launch_bounds__(block_shape.x* block_shape.y)
    reduce_pixels(Op op, Extent out, typename Op::value_type* values, std::uint8_t* saturated) {
  const std::int64_t x = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (x >= out.width) return;
  for (std::int64_t y = std::int64_t{blockIdx.y} * blockDim.y + threadIdx.y; y < out.height;
       y += std::int64_t{gridDim.y} * blockDim.y) {
    const auto reduced = op(x, y);
    values[y * out.width + x] = reduced.value;
    saturated[y * out.width + x] = reduced.saturated ? 1 : 0;
  }
}

void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  ErrorInfo info;
  info.code = ErrorCode::device;
  info.field = "block reduction";
  info.expected = "a kernel launch";
  info.found = cudaGetErrorString(status);
  fail(std::move(info));
}

template <class Op>
void launch(const Op& op, const DeviceReduced& out, cudaStream_t stream) {
  const std::int64_t columns = (out.extent.width + block_shape.x - 1) / block_shape.x;
  const std::int64_t rows = (out.extent.height + block_shape.y - 1) / block_shape.y;
  const dim3 grid(static_cast<unsigned>(columns),
                  rows < largest_grid_y ? static_cast<unsigned>(rows) : largest_grid_y);
  reduce_pixels<<<grid, block_shape, 0, stream>>>(
      op, out.extent, static_cast<typename Op::value_type*>(out.values), out.saturated);
  check(cudaGetLastError());
}

}  // namespace

template <class W>
void reduce_frame(const Counts<W>& in, const ReduceSpec& spec, const DeviceReduced& out,
                  void* stream) {
  if (out.extent.empty()) return;
  const auto on = static_cast<cudaStream_t>(stream);
  const std::int64_t factor = spec.factor;
  switch (spec.op) {
    case ReduceOp::max:
      return launch(BlockFold<W>{in, factor, Fold::max}, out, on);
    case ReduceOp::min:
      return launch(BlockFold<W>{in, factor, Fold::min}, out, on);
    case ReduceOp::mean:
      return launch(BlockMean<W>{in, factor}, out, on);
    case ReduceOp::dilate:
      return launch(DilatedPixel<W>{in, factor, spec.window, spec.restore == MaskRestore::yes}, out,
                    on);
    case ReduceOp::sum:
      if (spec.sum_scale == SumScale::valid_fraction)
        return launch(BlockScaledSum<W>{in, factor}, out, on);
      return launch(BlockSum<W>{in, factor}, out, on);
  }
}

template void reduce_frame(const Counts<std::int32_t>&, const ReduceSpec&, const DeviceReduced&,
                           void*);
template void reduce_frame(const Counts<std::int64_t>&, const ReduceSpec&, const DeviceReduced&,
                           void*);
template void reduce_frame(const Counts<float>&, const ReduceSpec&, const DeviceReduced&, void*);
template void reduce_frame(const Counts<double>&, const ReduceSpec&, const DeviceReduced&, void*);

}  // namespace quickbeam::kernels::cuda
