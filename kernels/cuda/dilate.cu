// SPDX-License-Identifier: BSD-3-Clause
// Grey dilation at full resolution: tiles in shared memory, first down the columns, from device
// memory, then along the rows. A large window is made of smaller ones, applied one after the other.
#include "kernels/cuda/dilate.cuh"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/sliding_maxima.cuh"
#include "kernels/ops/window_axis.hpp"

namespace quickbeam::kernels::cuda {
namespace {

// The shape of a tile: a thread a column with its halo, and as many rows as 33 kB hold. The pitch
// is odd, so that threads that walk along neighbouring rows meet on no bank.
constexpr int tile_threads = 256;
constexpr int tile_pitch = tile_threads + 1;
constexpr int warp_threads = 32;
template <class W>
constexpr int tile_rows = 128 / static_cast<int>(sizeof(W));
/// The largest window of one pass: three quarters of a tile's columns are then not halo.
constexpr std::int64_t most_window = 65;

/// Planes in device memory before a pass.
template <class W>
struct DilateSource {
  const W* pixels;
  W highest;

  /// Pixels below the lowest valid value never win: they are masked in the end, if they are left.
  __device__ W operator()(std::int64_t at) const {
    const W value = pixels[at];
    return value <= highest ? value : below_valid<W>();
  }
};

/// Planes in device memory behind a pass; the last pass also tells what is saturated.
template <class W>
struct DilateSink {
  W lowest{};  ///< valid value
  W* values = nullptr;
  const W* restore = nullptr;  ///< the planes whose masked pixels are restored; null: none are
  ValidRange<W> valid{};
  W saturation{};
  std::uint8_t* saturated = nullptr;  ///< null: not asked for

  __device__ void operator()(std::int64_t at, W maximum) const {
    const bool masked = maximum < lowest || (restore != nullptr && !valid(restore[at]));
    values[at] = masked ? masked_value<W>() : maximum + W{0};  // a zero becomes +0
    if (saturated != nullptr) saturated[at] = !masked && maximum > saturation ? 1 : 0;
  }
};

/// A pass: the window on one axis, not longer than most_window, and how tiles cover the plane.
struct DilateAxis {
  std::int64_t size;
  int before;
  int window;
  int outputs;  ///< of a tile
};

struct DilatePass {
  DilateAxis across, down;
  std::uint32_t frames;
};

/// Column `column` of a tile, from row `top` of the plane on.
template <class W>
struct ColumnValues {
  const DilateSource<W>& source;
  std::int64_t at;  ///< of row 0 in the column
  std::int64_t top;
  const DilatePass& pass;

  __device__ W operator()(std::uint32_t i) const {
    const std::int64_t y = top + i;
    return y >= 0 && y < pass.down.size ? source(at + y * pass.across.size) : below_valid<W>();
  }
};

/// Folds the columns of the tile whose first pixel is (x0, y0), halo columns included.
template <unsigned count, class W>
__device__ void fold_columns(const DilateSource<W>& source, const DilatePass& pass,
                             std::int64_t plane, std::int64_t x0, std::int64_t y0, W* tile) {
  const int columns = pass.across.outputs + pass.across.window - 1;
  for (int column = static_cast<int>(threadIdx.x); column < columns; column += tile_threads) {
    const std::int64_t x = x0 - pass.across.before + column;
    const bool inside = x >= 0 && x < pass.across.size;
    for (int row = 0; row < tile_rows<W> && y0 + row < pass.down.size; row += count) {
      W maxima[count];
      for (W& maximum : maxima) maximum = below_valid<W>();
      const ColumnValues<W> values{source, plane + x, y0 + row - pass.down.before, pass};
      if (inside) sliding_maxima(values, static_cast<std::uint32_t>(pass.down.window), maxima);
#pragma unroll
      for (unsigned j = 0; j < count; ++j)
        tile[(row + static_cast<int>(j)) * tile_pitch + column] = maxima[j];
    }
  }
}

/// Folds the rows of a tile in place. Results overwrite only what windows further right do not
/// look at, so that one barrier a round is enough.
template <unsigned count, class W>
__device__ void fold_rows(const DilatePass& pass, W* tile) {
  constexpr int side_by_side = tile_threads / tile_rows<W>;
  const int row = static_cast<int>(threadIdx.x) % tile_rows<W>;
  const int runs = pass.across.outputs / static_cast<int>(count);
  for (int first = 0; first < runs; first += side_by_side) {
    const int run = first + static_cast<int>(threadIdx.x) / tile_rows<W>;
    W* const at = tile + row * tile_pitch + run * static_cast<int>(count);
    W maxima[count];
    if (run < runs)
      sliding_maxima([at](std::uint32_t i) { return at[i]; },
                     static_cast<std::uint32_t>(pass.across.window), maxima);
    __syncthreads();
    if (run >= runs) continue;
#pragma unroll
    for (unsigned j = 0; j < count; ++j) at[j] = maxima[j];
  }
}

template <class W>
__device__ void store_tile(const DilateSink<W>& sink, const DilatePass& pass, std::int64_t plane,
                           std::int64_t x0, std::int64_t y0, const W* tile) {
  const int lane = static_cast<int>(threadIdx.x) % warp_threads;
  for (int row = static_cast<int>(threadIdx.x) / warp_threads;
       row < tile_rows<W> && y0 + row < pass.down.size; row += tile_threads / warp_threads)
    for (int column = lane; column < pass.across.outputs && x0 + column < pass.across.size;
         column += warp_threads)
      sink(plane + (y0 + row) * pass.across.size + x0 + column, tile[row * tile_pitch + column]);
}

template <class W, unsigned count>
__global__ void __launch_bounds__(tile_threads)
    dilate_tiles(DilateSource<W> source, DilateSink<W> sink, DilatePass pass) {
  __shared__ W tile[tile_rows<W> * tile_pitch];
  const std::int64_t across = (pass.across.size + pass.across.outputs - 1) / pass.across.outputs;
  const std::int64_t x0 = blockIdx.x % across * pass.across.outputs;
  const std::int64_t y0 = blockIdx.x / across * tile_rows<W>;
  for (std::uint32_t frame = blockIdx.y; frame < pass.frames; frame += gridDim.y) {
    const std::int64_t plane = frame * pass.across.size * pass.down.size;
    fold_columns<count>(source, pass, plane, x0, y0, tile);
    __syncthreads();
    fold_rows<count>(pass, tile);
    __syncthreads();
    store_tile(sink, pass, plane, x0, y0, tile);
    __syncthreads();
  }
}

template <unsigned count, class W>
void launch_pass(const DilateSource<W>& source, const DilateSink<W>& sink, DilatePass pass,
                 void* stream) {
  static_assert(tile_rows<W> % count == 0);
  constexpr auto run = static_cast<int>(count);
  const auto rounded = static_cast<int>(
      std::min<std::int64_t>((pass.across.size + run - 1) / run * run, tile_threads));
  pass.across.outputs = std::min(rounded, (tile_threads + 1 - pass.across.window) / run * run);
  pass.down.outputs = tile_rows<W>;
  const auto tiles = [](const DilateAxis& axis) {
    return blocks_for(static_cast<std::uint64_t>(axis.size),
                      static_cast<std::uint64_t>(axis.outputs));
  };
  launch("dilation", dilate_tiles<W, count>,
         frame_grid(std::uint64_t{tiles(pass.across)} * tiles(pass.down), pass.frames),
         dim3(tile_threads), stream, source, sink, pass);
}

/// As many outputs at a time as the window allows: each value is then read the fewest times.
template <class W>
void dilate_once(const DilateSource<W>& source, const DilateSink<W>& sink, const DilatePass& pass,
                 void* stream) {
  const int window = std::min(pass.across.window, pass.down.window);
  if (window >= 16) return launch_pass<16>(source, sink, pass, stream);
  if (window >= 8) return launch_pass<8>(source, sink, pass, stream);
  if (window >= 4) return launch_pass<4>(source, sink, pass, stream);
  launch_pass<1>(source, sink, pass, stream);
}

/// What is left of a window after some passes.
struct WindowRest {
  std::int64_t size, before, after;

  explicit WindowRest(const WindowAxis& axis)
      : size(axis.size), before(axis.before), after(axis.after()) {}
  bool done() const { return before + after == 0; }
  /// Takes a window for one pass. A dilation by windows that reach b1 and b2 before, a1 and a2
  /// after is one by a window that reaches b1 + b2 before and a1 + a2 after, at borders, too.
  DilateAxis take() {
    const std::int64_t left = std::min(before, most_window - 1);
    const std::int64_t right = std::min(after, most_window - 1 - left);
    before -= left;
    after -= right;
    return {size, static_cast<int>(left), static_cast<int>(left + right + 1), 0};
  }
};

std::vector<DilatePass> dilate_passes(Extent extent, std::uint32_t frames, const ReduceSpec& spec) {
  WindowRest across(window_axis(extent.width, extent.width, spec));
  WindowRest down(window_axis(extent.height, extent.height, spec));
  std::vector<DilatePass> passes;
  do passes.push_back({across.take(), down.take(), frames});
  while (!across.done() || !down.done());
  return passes;
}

/// All passes. The last one writes to `last`, the others by turns to `turns`, the one before the
/// last to turns[1].
template <class W>
void dilate_all(const std::vector<DilatePass>& passes, DilateSource<W> source,
                const DilateSink<W>& last, const std::array<W*, 2>& turns, void* stream) {
  for (std::size_t left = passes.size(); left-- > 0;) {
    DilateSink<W> sink = last;
    if (left > 0) sink = {.lowest = last.lowest, .values = turns[left % 2]};
    dilate_once(source, sink, passes[passes.size() - 1 - left], stream);
    source.pixels = sink.values;
  }
}

constexpr unsigned flag_threads = 256;

/// The flags of valid pixels as pixels 0 and 1.
template <class W>
__global__ void __launch_bounds__(flag_threads)
    flags_to_pixels(Planes<W> in, std::int64_t pixels, std::int32_t* flags) {
  const std::int64_t at = std::int64_t{blockIdx.x} * flag_threads + threadIdx.x;
  if (at < pixels) flags[at] = in.valid(in.pixels[at]) && in.flags[at] != 0 ? 1 : 0;
}

/// Those pixels, dilated, as flags.
template <class W>
__global__ void __launch_bounds__(flag_threads)
    pixels_to_flags(Planes<W> in, std::int64_t pixels, bool restore, const std::int32_t* dilated,
                    std::uint8_t* saturated) {
  const std::int64_t at = std::int64_t{blockIdx.x} * flag_threads + threadIdx.x;
  if (at >= pixels) return;
  const bool masked = restore && !in.valid(in.pixels[at]);
  saturated[at] = !masked && dilated[at] > 0 ? 1 : 0;
}

/// Dilates the flags of `in`, in scratch memory and in that of the values, which are not yet there.
template <class W>
void dilate_flags(const std::vector<DilatePass>& passes, const Planes<W>& in, bool restore,
                  const ReducedPlanes& out, void* scratch, void* stream) {
  const std::int64_t pixels = in.frames * in.extent.pixels();
  const dim3 grid(blocks_for(static_cast<std::uint64_t>(pixels), flag_threads));
  const std::array<std::int32_t*, 2> turns{static_cast<std::int32_t*>(out.values),
                                           static_cast<std::int32_t*>(scratch)};
  std::int32_t* const flags = turns[passes.size() % 2];
  launch("flags before dilation", flags_to_pixels<W>, grid, dim3(flag_threads), stream, in, pixels,
         flags);
  dilate_all<std::int32_t>(passes, {flags, 1}, {.lowest = 0, .values = turns[0]}, turns, stream);
  launch("flags after dilation", pixels_to_flags<W>, grid, dim3(flag_threads), stream, in, pixels,
         restore, turns[0], out.saturated);
}

}  // namespace

std::size_t dilate_planes_bytes(std::uint32_t frames, Extent extent, std::size_t pixel_bytes,
                                const ReduceSpec& spec, SaturatedBy saturated_by) {
  if (extent.empty()) return 0;
  const std::size_t pixels = frames * static_cast<std::size_t>(extent.pixels());
  if (dilate_passes(extent, frames, spec).size() > 1) return pixels * pixel_bytes;
  return saturated_by == SaturatedBy::flags ? pixels * sizeof(std::int32_t) : 0;
}

template <class W>
void dilate_planes(const Planes<W>& in, const ReduceSpec& spec, const ReducedPlanes& out,
                   void* scratch, void* stream) {
  const bool restore = spec.restore == MaskRestore::yes;
  const auto passes = dilate_passes(in.extent, in.frames, spec);
  if (in.flags != nullptr) dilate_flags(passes, in, restore, out, scratch, stream);
  auto* const values = static_cast<W*>(out.values);
  const DilateSink<W> last{.lowest = in.valid.lowest,
                           .values = values,
                           .restore = restore ? in.pixels : nullptr,
                           .valid = in.valid,
                           .saturation = in.saturation,
                           .saturated = in.flags == nullptr ? out.saturated : nullptr};
  dilate_all<W>(passes, {in.pixels, in.valid.highest}, last, {values, static_cast<W*>(scratch)},
                stream);
}

#define QUICKBEAM_DILATE_PLANES(W)                                                              \
  template void dilate_planes(const Planes<W>&, const ReduceSpec&, const ReducedPlanes&, void*, \
                              void*);
QUICKBEAM_DILATE_PLANES(std::int32_t)
QUICKBEAM_DILATE_PLANES(std::int64_t)
QUICKBEAM_DILATE_PLANES(float)
QUICKBEAM_DILATE_PLANES(double)
#undef QUICKBEAM_DILATE_PLANES

}  // namespace quickbeam::kernels::cuda
