// SPDX-License-Identifier: BSD-3-Clause
// Planes to reduced planes: each thread folds the columns of windows from top to bottom, neighbours
// reading neighbours, then one thread a window folds its columns from left to right.
#include "kernels/bin_cuda.hpp"

#include <algorithm>

#include "kernels/cuda/dilate.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/ops/window_axis.hpp"
#include "kernels/ops/window_part.hpp"

namespace quickbeam::kernels::cuda {
namespace {

/// Threads of a block at most, each with a column at a time.
constexpr unsigned most_threads = 256;
constexpr unsigned warp_threads = 32;

/// How output pixels are divided among blocks: so many side by side to one.
struct WindowGrid {
  WindowAxis across, down;
  std::int64_t outputs;  ///< of a block, not more than its threads
  bool restore;          ///< masked where the sampled pixel is masked
};

/// Rows that a thread loads before it looks at the first of them.
constexpr int rows_at_once = 4;

/// `rows` pixels of a column, from pixel `at` of the planes down.
template <class Part, class W>
__device__ Part fold_column(const Planes<W>& in, std::int64_t at, std::int64_t rows) {
  Part part;
  const std::int64_t pitch = in.extent.width;
  for (std::int64_t row = 0; row < rows; row += rows_at_once, at += rows_at_once * pitch) {
    W values[rows_at_once];
#pragma unroll
    for (int i = 0; i < rows_at_once; ++i)
      values[i] = row + i < rows ? in.pixels[at + i * pitch] : masked_value<W>();
#pragma unroll
    for (int i = 0; i < rows_at_once; ++i) {
      if (!in.valid(values[i])) continue;
      const bool saturated =
          in.flags != nullptr ? in.flags[at + i * pitch] != 0 : values[i] > in.saturation;
      part.add(values[i], saturated);
    }
  }
  return part;
}

/// Windows `first` to before `last` of row y of the output of one frame, to `part` of a thread
/// each. The columns of all of them are folded once, as many at a time as there are threads.
template <class Part, class W>
__device__ void fold_windows(const Planes<W>& in, const WindowGrid& grid, std::int64_t plane,
                             std::int64_t y, std::int64_t first, std::int64_t last, Part& part) {
  alignas(Part) __shared__ unsigned char memory[most_threads * sizeof(Part)];
  Part* const columns = reinterpret_cast<Part*>(memory);  // shared variables have no constructors
  const std::int64_t top = grid.down.begin(y), rows = grid.down.end(y) - top;
  const std::int64_t x = first + threadIdx.x;
  const std::int64_t end = grid.across.end(last - 1);
  for (std::int64_t left = grid.across.begin(first); left < end; left += blockDim.x) {
    const std::int64_t column = left + threadIdx.x;
    if (column < end)
      columns[threadIdx.x] = fold_column<Part>(in, plane + top * in.extent.width + column, rows);
    __syncthreads();
    if (x < last) {
      const std::int64_t from = max(grid.across.begin(x), left) - left;
      const std::int64_t to = min(grid.across.end(x) - left, std::int64_t{blockDim.x});
      for (std::int64_t i = from; i < to; ++i) part.merge(columns[i]);
    }
    __syncthreads();
  }
}

template <class W>
__device__ bool is_restored(const Planes<W>& in, const WindowGrid& grid, std::int64_t plane,
                            std::int64_t x, std::int64_t y) {
  return grid.restore &&
         !in.valid(in.pixels[plane + y * grid.down.step * in.extent.width + x * grid.across.step]);
}

template <class Part, class W>
__global__ void __launch_bounds__(most_threads)
    reduce_windows(Planes<W> in, WindowGrid grid, ReducedPlanes out) {
  using Value = typename Part::value_type;
  const std::int64_t first = blockIdx.x * grid.outputs;
  const std::int64_t last = min(first + grid.outputs, grid.across.outputs);
  const std::int64_t x = first + threadIdx.x;
  for (std::int64_t frame = blockIdx.z; frame < out.frames; frame += gridDim.z) {
    const std::int64_t plane = frame * in.extent.pixels();
    for (std::int64_t y = blockIdx.y; y < out.extent.height; y += gridDim.y) {
      Part part;
      fold_windows(in, grid, plane, y, first, last, part);
      if (x >= last) continue;
      if (is_restored(in, grid, plane, x, y)) part = Part{};
      const std::int64_t pixels =
          (grid.across.end(x) - grid.across.begin(x)) * (grid.down.end(y) - grid.down.begin(y));
      const auto reduced = part.result(pixels);
      const std::int64_t at = (frame * out.extent.height + y) * out.extent.width + x;
      static_cast<Value*>(out.values)[at] = reduced.value;
      out.saturated[at] = reduced.saturated ? 1 : 0;
    }
  }
}

/// Blocks that do not overlap: as many as fit into the threads, at least one. Windows that do:
/// so many that at least half of the columns of a block are not those of the next one.
WindowGrid window_grid(Extent in, const ReduceSpec& spec, const ReducedPlanes& out) {
  WindowGrid grid{window_axis(in.width, out.extent.width, spec),
                  window_axis(in.height, out.extent.height, spec), 1,
                  spec.op == ReduceOp::dilate && spec.restore == MaskRestore::yes};
  const std::int64_t window = grid.across.window, step = grid.across.step;
  const std::int64_t columns =
      window > step ? std::max<std::int64_t>(most_threads, 2 * window) : most_threads;
  const std::int64_t fitting = columns < window ? 1 : (columns - window) / step + 1;
  grid.outputs = std::min({fitting, std::int64_t{most_threads}, out.extent.width});
  return grid;
}

template <class W>
void reduce_blocks(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* stream) {
  constexpr unsigned most_blocks = 65535;  // of the y and z dimensions of a grid
  const WindowGrid grid = window_grid(in.extent, spec, out);
  const std::int64_t columns = std::min(grid.across.window + (grid.outputs - 1) * grid.across.step,
                                        std::max(grid.across.size, grid.outputs));
  const auto threads = std::min<std::uint64_t>(static_cast<std::uint64_t>(columns), most_threads);
  const auto side_by_side = static_cast<std::uint64_t>(grid.outputs);
  const dim3 blocks(blocks_for(static_cast<std::uint64_t>(out.extent.width), side_by_side),
                    static_cast<unsigned>(std::min<std::int64_t>(out.extent.height, most_blocks)),
                    std::min(out.frames, most_blocks));
  ops::visit_window_part<W>(spec, [&](auto part) {
    launch("block reduction", reduce_windows<decltype(part), W>, blocks,
           dim3(blocks_for(threads, warp_threads) * warp_threads), stream, in, grid, out);
  });
}

bool is_full_dilation(const ReduceSpec& spec) {
  return spec.op == ReduceOp::dilate && spec.factor == 1;
}

}  // namespace

std::size_t plane_reduce_bytes(std::uint32_t frames, Extent extent, std::size_t pixel_bytes,
                               const ReduceSpec& spec, SaturatedBy saturated_by) {
  if (!is_full_dilation(spec)) return 0;
  return dilate_planes_bytes(frames, extent, pixel_bytes, spec, saturated_by);
}

template <class W>
void reduce_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* scratch, void* stream) {
  if (out.extent.empty() || out.frames == 0) return;
  if (is_full_dilation(spec)) return dilate_planes(in, spec, out, scratch, stream);
  reduce_blocks(in, spec, out, stream);
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
