// SPDX-License-Identifier: BSD-3-Clause
// One thread computes one reduced pixel by the definitions in kernels/ops.
#include "kernels/bin_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/launch.cuh"
#include "kernels/ops/dilate.hpp"

namespace quickbeam::kernels::cuda {
namespace {

/// Threads of a block: a warp along a row, so that neighbours read neighbouring windows.
constexpr dim3 block_shape{32, 8, 1};
/// The y and z dimensions of a grid end here on every card; a thread then takes several rows.
constexpr unsigned largest_grid_y = 65535;

/// The pixels of frame `frame`, as the definitions in ops take them.
template <class W>
__device__ Counts<W> frame_of(const Planes<W>& in, std::int64_t frame) {
  const std::int64_t first = frame * in.extent.pixels();
  return {{in.pixels + first, in.extent},
          in.flags == nullptr ? nullptr : in.flags + first,
          in.valid,
          in.saturation};
}

template <class Op, class W>
__global__ void __launch_bounds__(block_shape.x* block_shape.y)
    reduce_pixels(Op op, Planes<W> in, ReducedPlanes out) {
  using Value = typename Op::value_type;
  const std::int64_t x = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (x >= out.extent.width) return;
  for (std::int64_t frame = blockIdx.z; frame < out.frames; frame += gridDim.z) {
    op.in = frame_of(in, frame);
    const std::int64_t first = frame * out.extent.pixels();
    for (std::int64_t y = std::int64_t{blockIdx.y} * blockDim.y + threadIdx.y;
         y < out.extent.height; y += std::int64_t{gridDim.y} * blockDim.y) {
      const auto reduced = op(x, y);
      const std::int64_t at = first + y * out.extent.width + x;
      static_cast<Value*>(out.values)[at] = reduced.value;
      out.saturated[at] = reduced.saturated ? 1 : 0;
    }
  }
}

template <class Op, class W>
void launch_op(const Op& op, const Planes<W>& in, const ReducedPlanes& out, void* stream) {
  const auto width = static_cast<std::uint64_t>(out.extent.width);
  const auto height = static_cast<std::uint64_t>(out.extent.height);
  const dim3 grid(blocks_for(width, block_shape.x),
                  std::min(blocks_for(height, block_shape.y), largest_grid_y),
                  std::min(out.frames, largest_grid_y));
  launch("block reduction", reduce_pixels<Op, W>, grid, block_shape, stream, op, in, out);
}

}  // namespace

std::size_t plane_reduce_bytes(std::uint32_t, Extent, std::size_t, const ReduceSpec&) { return 0; }

template <class W>
void reduce_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out, void*,
                   void* stream) {
  if (out.extent.empty() || out.frames == 0) return;
  const std::int64_t factor = spec.factor;
  switch (spec.op) {
    case ReduceOp::max:
      return launch_op(BlockFold<W>{{}, factor, Fold::max}, in, out, stream);
    case ReduceOp::min:
      return launch_op(BlockFold<W>{{}, factor, Fold::min}, in, out, stream);
    case ReduceOp::mean:
      return launch_op(BlockMean<W>{{}, factor}, in, out, stream);
    case ReduceOp::dilate:
      return launch_op(DilatedPixel<W>{{}, factor, spec.window, spec.restore == MaskRestore::yes},
                       in, out, stream);
    case ReduceOp::sum:
      if (spec.sum_scale == SumScale::valid_fraction)
        return launch_op(BlockScaledSum<W>{{}, factor}, in, out, stream);
      return launch_op(BlockSum<W>{{}, factor}, in, out, stream);
  }
}

#define QUICKBEAM_REDUCE_PLANES(W)                                                              \
  template void reduce_planes(const Planes<W>&, const ReduceSpec&, const ReducedPlanes&, void*, \
                              void*);
QUICKBEAM_REDUCE_PLANES(std::int32_t)
QUICKBEAM_REDUCE_PLANES(std::int64_t)
QUICKBEAM_REDUCE_PLANES(float)
QUICKBEAM_REDUCE_PLANES(double)
#undef QUICKBEAM_REDUCE_PLANES

}  // namespace quickbeam::kernels::cuda
