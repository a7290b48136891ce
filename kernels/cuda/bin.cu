// SPDX-License-Identifier: BSD-3-Clause
// Planes to reduced planes: each thread folds the columns of windows from top to bottom, neighbours
// reading neighbours, then one thread a window folds its columns from left to right.
#include "kernels/bin_cuda.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "kernels/cuda/dilate.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/ops/window_axis.hpp"
#include "kernels/ops/window_part.hpp"

namespace quickbeam::kernels::cuda {
namespace {

/// Threads of a block at most, each with a column at a time.
constexpr unsigned most_threads = 256;
constexpr unsigned warp_threads = 32;

/// Sides are below 2^31: 64 bits are for what is between frames.
using Axis = WindowAxisOf<std::uint32_t>;

/// How output pixels are divided among blocks: so many side by side to one.
struct WindowGrid {
  Axis across, down;
  std::uint32_t outputs;  ///< of a block, not more than its threads
  bool restore;           ///< masked where the sampled pixel is masked
};

/// Rows that a thread loads before it looks at the first of them.
constexpr int rows_at_once = 8;

/// Whether what is saturated shows in the value that is kept: where no flags say it.
template <class Part, bool flagged>
inline constexpr bool shows_saturation = false;
template <class W>
inline constexpr bool shows_saturation<ops::FoldPart<W, Fold::max>, false> = true;

/// Folds pixels of a column from top to bottom. flagged: flags say what is saturated.
template <class Part, bool flagged, class W>
class ColumnFold {
 public:
  /// From pixel `at` of the planes on.
  __device__ ColumnFold(const Planes<W>& in, std::int64_t at)
      : in_(in), pixels_(in.pixels + at), flags_(flagged ? in.flags + at : nullptr) {}

  /// The next `rows` rows, without asking of each whether it is one of them.
  __device__ Part rows(std::uint32_t rows) {
    for (; rows >= rows_at_once; rows -= rows_at_once) add<rows_at_once>();
    if ((rows & 4) != 0) add<4>();
    if ((rows & 2) != 0) add<2>();
    if ((rows & 1) != 0) add<1>();
    if constexpr (shows_saturation<Part, flagged>)
      part_.saturated = !ops::is_masked(part_.value) && part_.value > in_.saturation;
    return part_;
  }

 private:
  template <int count>
  __device__ void add() {
    const std::int64_t pitch = in_.extent.width;
    W values[count];
    [[maybe_unused]] std::uint8_t flags[count];
#pragma unroll
    for (int i = 0; i < count; ++i) {
      values[i] = pixels_[i * pitch];
      if constexpr (flagged) flags[i] = flags_[i * pitch];
    }
    pixels_ += count * pitch;
    if constexpr (flagged) flags_ += count * pitch;
#pragma unroll
    for (int i = 0; i < count; ++i) {
      if (!in_.valid(values[i])) continue;
      if constexpr (flagged)
        part_.add(values[i], flags[i] != 0);
      else
        part_.add(values[i], !shows_saturation<Part, flagged> && values[i] > in_.saturation);
    }
  }

  const Planes<W>& in_;
  const W* pixels_;
  const std::uint8_t* flags_;
  Part part_;
};

/// `rows` pixels of a column, from pixel `at` of the planes down.
template <class Part, class W>
__device__ Part fold_column(const Planes<W>& in, std::int64_t at, std::uint32_t rows) {
  return in.flags != nullptr ? ColumnFold<Part, true, W>(in, at).rows(rows)
                             : ColumnFold<Part, false, W>(in, at).rows(rows);
}

/// Windows `first` to before `last` of row y of the output of one frame, to `part` of a thread
/// each. The columns of all of them are folded once, as many at a time as there are threads.
template <class Part, class W>
__device__ void fold_windows(const Planes<W>& in, const WindowGrid& grid, std::int64_t plane,
                             std::uint32_t y, std::uint32_t first, std::uint32_t last, Part& part) {
  alignas(Part) __shared__ unsigned char memory[most_threads * sizeof(Part)];
  Part* const columns = reinterpret_cast<Part*>(memory);  // shared variables have no constructors
  const std::uint32_t top = grid.down.begin(y), rows = grid.down.end(y) - top;
  const std::uint32_t x = first + threadIdx.x;
  const std::uint32_t end = grid.across.end(last - 1);
  plane += top * in.extent.width;
  for (std::uint32_t left = grid.across.begin(first); left < end; left += blockDim.x) {
    const std::uint32_t column = left + threadIdx.x;
    if (column < end) columns[threadIdx.x] = fold_column<Part>(in, plane + column, rows);
    __syncthreads();
    if (x < last) {
      const std::uint32_t from = max(grid.across.begin(x), left) - left;
      const std::uint32_t behind = grid.across.end(x);
      const std::uint32_t to = behind < left ? 0 : min(behind - left, blockDim.x);
      for (std::uint32_t i = from; i < to; ++i) part.merge(columns[i]);
    }
    __syncthreads();
  }
}

template <class W>
__device__ bool is_restored(const Planes<W>& in, const WindowGrid& grid, std::int64_t plane,
                            std::uint32_t x, std::uint32_t y) {
  return grid.restore &&
         !in.valid(in.pixels[plane + std::int64_t{y * grid.down.step} * in.extent.width +
                             x * grid.across.step]);
}

/// Blocks of a multiprocessor: enough bytes on their way, and no register spilled.
template <class Part, class W>
inline constexpr unsigned resident_blocks = sizeof(Part) <= 8 ? 0 : 4;

template <class Part, class W>
__global__ void __launch_bounds__(most_threads, resident_blocks<Part, W>)
    reduce_windows(Planes<W> in, WindowGrid grid, ReducedPlanes out) {
  using Value = typename Part::value_type;
  const std::uint32_t first = blockIdx.x * grid.outputs;
  const std::uint32_t last = min(first + grid.outputs, grid.across.outputs);
  const std::uint32_t x = first + threadIdx.x;
  for (std::uint32_t frame = blockIdx.z; frame < out.frames; frame += gridDim.z) {
    const std::int64_t plane = frame * in.extent.pixels();
    for (std::uint32_t y = blockIdx.y; y < grid.down.outputs; y += gridDim.y) {
      Part part;
      fold_windows(in, grid, plane, y, first, last, part);
      if (x >= last) continue;
      if (is_restored(in, grid, plane, x, y)) part = Part{};
      const std::int64_t pixels = std::int64_t{grid.across.end(x) - grid.across.begin(x)} *
                                  (grid.down.end(y) - grid.down.begin(y));
      const auto reduced = part.result(pixels);
      const std::int64_t at = (frame * out.extent.height + y) * out.extent.width + x;
      static_cast<Value*>(out.values)[at] = reduced.value;
      out.saturated[at] = reduced.saturated ? 1 : 0;
    }
  }
}

/// Of a side that is below 2^31.
Axis short_axis(const WindowAxis& axis) {
  const auto narrow = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  return {narrow(axis.size), narrow(axis.outputs), narrow(axis.step), narrow(axis.before),
          narrow(axis.window)};
}

/// Blocks that do not overlap: as many as fit into the threads, at least one. Windows that do:
/// so many that at least half of the columns of a block are not those of the next one.
WindowGrid window_grid(Extent in, const ReduceSpec& spec, const ReducedPlanes& out) {
  const WindowAxis across = window_axis(in.width, out.extent.width, spec);
  const WindowAxis down = window_axis(in.height, out.extent.height, spec);
  const std::int64_t window = across.window, step = across.step;
  const std::int64_t columns =
      window > step ? std::max<std::int64_t>(most_threads, 2 * window) : most_threads;
  const std::int64_t fitting = columns < window ? 1 : (columns - window) / step + 1;
  const auto outputs = std::min({fitting, std::int64_t{most_threads}, out.extent.width});
  return {short_axis(across), short_axis(down), static_cast<std::uint32_t>(outputs),
          spec.op == ReduceOp::dilate && spec.restore == MaskRestore::yes};
}

template <class W>
void reduce_blocks(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* stream) {
  constexpr unsigned most_blocks = 65535;  // of the y and z dimensions of a grid
  const WindowGrid grid = window_grid(in.extent, spec, out);
  const std::uint64_t columns =
      std::min(grid.across.window + std::uint64_t{grid.outputs - 1} * grid.across.step,
               std::uint64_t{std::max(grid.across.size, grid.outputs)});
  const std::uint64_t threads = std::min<std::uint64_t>(columns, most_threads);
  const dim3 blocks(blocks_for(static_cast<std::uint64_t>(out.extent.width), grid.outputs),
                    static_cast<unsigned>(std::min<std::int64_t>(out.extent.height, most_blocks)),
                    std::min(out.frames, most_blocks));
  ops::visit_window_part<W>(spec, [&](auto part) {
    launch("block reduction", reduce_windows<decltype(part), W>, blocks,
           dim3(blocks_for(threads, warp_threads) * warp_threads), stream, in, grid, out);
  });
}

void check_sides(Extent extent) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  if (extent.width > most || extent.height > most)
    fail({.code = ErrorCode::limit,
          .field = "frame",
          .expected = "sides below 2^31",
          .found = std::to_string(extent.width) + " x " + std::to_string(extent.height)});
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
  check_sides(in.extent);
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
