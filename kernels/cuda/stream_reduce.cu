// SPDX-License-Identifier: BSD-3-Clause
// Byte-offset streams straight to reduced frames. A block decodes a band of rows of one frame and
// gathers its pixels by cell (ops/cells.hpp) in shared memory; a second, small kernel puts the
// cells of each window together.
#include "kernels/stream_reduce_cuda.hpp"

#include <algorithm>
#include <limits>

#include "kernels/cuda/band_cells.cuh"
#include "kernels/cuda/byte_offset_launch.cuh"

namespace quickbeam::kernels::cuda {
namespace {

// The shape of the work. A band has so many pixels that the tiles it shares with its neighbours,
// which are decoded twice, are few; higher cells are cut, so that large factors keep the card busy.
constexpr std::int64_t band_pixels = 32768;
constexpr std::int64_t most_cell_row_pixels = 65536;
/// Shared memory for the cells of a band, in words of 32 bits.
constexpr std::int64_t cell_words = 6656;
constexpr unsigned finish_threads = 256;
/// Pixels are divided by the width of the frame (ops::Divisor).
constexpr std::int64_t most_pixels = std::numeric_limits<std::int32_t>::max();

/// Gathered cells in device memory.
template <class Cells>
struct CellPlanes {
  typename Cells::Value* values;  ///< [frames][cells down][cells across]
  std::uint32_t* notes;           ///< the same; null unless Cells::noted
};

/// Decodes the tiles that hold pixels of a band.
template <class T, class Sink>
__device__ void decode_band(const StreamView& stream, const Band& band, Sink& sink) {
  __shared__ TileScan::TempStorage storage;
  if (stream.tile_count == 0) return;
  for (std::uint64_t tile = tile_of_pixel(stream, band.first_pixel);
       tile < stream.tile_count && ops::count_of(stream.tiles[tile]) < band.end_pixel; ++tile) {
    decode_tile<T>(stream, tile, storage, sink);
    __syncthreads();
  }
}

/// Blocks on a multiprocessor, as registers allow; more than 1024 threads not before sm_80.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
template <class W>
constexpr unsigned gather_blocks = 4;
#else
template <class W>
constexpr unsigned gather_blocks = sizeof(W) == 4 ? 5 : 4;
#endif

template <class T, class Cells, bool sampled>
__global__ void __launch_bounds__(tile_threads, gather_blocks<WorkType<T>>)
    gather_cells(StreamBatch batch, StreamIndex index, PixelRule<WorkType<T>> rule, Bands bands,
                 CellPlanes<Cells> planes, ReducedPlanes out) {
  alignas(8) __shared__ std::uint32_t memory[cell_words];
  const BandCells<Cells> cells(memory, bands);
  const Band band(bands, blockIdx.x);
  for (std::uint32_t frame = blockIdx.y; frame < batch.frames; frame += gridDim.y) {
    cells.clear(bands);
    __syncthreads();
    const Samples samples{out.saturated + frame * out.extent.pixels(), bands.across.step,
                          static_cast<std::uint32_t>(out.extent.width)};
    const CellSink<T, Cells, sampled> sink(bands, band, rule, frame, cells, samples);
    decode_band<T>(stream_of(batch, index, frame), band, sink);
    __syncthreads();
    const std::uint64_t first =
        frame * bands.cells() + std::uint64_t{band.first_row} * bands.columns();
    for (std::uint32_t i = threadIdx.x; i < band.rows * bands.columns(); i += tile_threads) {
      planes.values[first + i] = cells.values[i];
      if (Cells::noted) planes.notes[first + i] = cells.notes[i];
    }
    __syncthreads();
  }
}

/// The cells of window (x, y) of a frame whose first cell is `frame_cells`, together.
template <class Part, class W>
__device__ Part window_of_cells(const Bands& bands, const CellPlanes<CellsFor<Part>>& planes,
                                std::uint64_t frame_cells, std::uint32_t x, std::uint32_t y,
                                W saturation) {
  const ops::CellRun across = bands.across.cells_of_window(x);
  const ops::CellRun down = bands.down.cells_of_window(y);
  using Cells = CellsFor<Part>;
  Part window;
  for (std::uint32_t row = down.begin; row < down.end; ++row) {
    const std::int64_t height = bands.down.begin_of(row + 1) - bands.down.begin_of(row);
    for (std::uint32_t column = across.begin; column < across.end; ++column) {
      const std::uint64_t at = frame_cells + std::uint64_t{row} * bands.columns() + column;
      const std::int64_t pixels =
          height * (bands.across.begin_of(column + 1) - bands.across.begin_of(column));
      window.merge(Cells::template part<Part>(
          planes.values[at], Cells::noted ? planes.notes[at] : 0, pixels, saturation));
    }
  }
  return window;
}

/// A thread an output pixel.
template <class Part, class W>
__global__ void __launch_bounds__(finish_threads)
    finish_windows(Bands bands, CellPlanes<CellsFor<Part>> planes, W saturation, bool restore,
                   ReducedPlanes out) {
  using Value = typename Part::value_type;
  const std::int64_t at = std::int64_t{blockIdx.x} * finish_threads + threadIdx.x;
  const std::int64_t plane = out.extent.pixels();
  if (at >= out.frames * plane) return;
  const std::int64_t frame = at / plane, y = at % plane / out.extent.width;
  const std::int64_t x = at % out.extent.width;
  Part window = window_of_cells<Part>(
      bands, planes, static_cast<std::uint64_t>(frame) * bands.cells(),
      static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), saturation);
  if (restore && out.saturated[at] != 0) window = Part();
  const std::int64_t pixels = (bands.windows_across.end(x) - bands.windows_across.begin(x)) *
                              (bands.windows_down.end(y) - bands.windows_down.begin(y));
  const auto reduced = window.result(pixels);
  static_cast<Value*>(out.values)[at] = reduced.value;
  out.saturated[at] = reduced.saturated ? 1 : 0;
}

bool restores(const ReduceSpec& spec) {
  return spec.op == ReduceOp::dilate && spec.restore == MaskRestore::yes;
}

/// Bytes of a cell, in shared memory and in scratch memory.
std::size_t cell_bytes(PixelType type, const ReduceSpec& spec) {
  const auto bytes = [](auto part) {
    using Cells = CellsFor<decltype(part)>;
    return sizeof(typename Cells::Value) + (Cells::noted ? sizeof(std::uint32_t) : 0);
  };
  if (type == PixelType::u32) return ops::visit_window_part<std::int64_t>(spec, bytes);
  return ops::visit_window_part<std::int32_t>(spec, bytes);
}

/// Rows of cells, of `bytes` a cell, that shared memory holds.
std::int64_t fitting_cell_rows(const ops::CellAxis& across, std::size_t bytes) {
  const auto words = static_cast<std::int64_t>(bytes / sizeof(std::uint32_t));
  return cell_words / (words * across.count);
}

/// Precondition: the frame is not empty, and its sides are at most ops::longest_cell_axis.
Bands divide_into_bands(PixelType type, Extent in, const ReduceSpec& spec) {
  constexpr std::int64_t whole = std::numeric_limits<std::int32_t>::max();
  const Extent out = reduced_extent(in, spec);
  Bands bands{};
  bands.windows_across = window_axis(in.width, out.width, spec);
  bands.windows_down = window_axis(in.height, out.height, spec);
  bands.across = ops::make_cell_axis(bands.windows_across, whole);
  bands.down = ops::make_cell_axis(bands.windows_down,
                                   std::max<std::int64_t>(1, most_cell_row_pixels / in.width));
  bands.ruler = ops::CellRuler(bands.across);
  bands.width = ops::Divisor(static_cast<std::uint32_t>(in.width));
  const std::int64_t fitting = fitting_cell_rows(bands.across, cell_bytes(type, spec));
  const std::int64_t wanted = band_pixels * bands.down.count / in.pixels();
  bands.cell_rows = static_cast<std::uint32_t>(
      std::max<std::int64_t>(1, std::min({wanted, fitting, std::int64_t{bands.down.count}})));
  bands.count = blocks_for(bands.down.count, bands.cell_rows);
  return bands;
}

}  // namespace

bool can_reduce_streams(PixelType type, Extent extent, const ReduceSpec& spec) {
  const bool sized = !extent.empty() && extent.width <= ops::longest_cell_axis &&
                     extent.height <= ops::longest_cell_axis && extent.pixels() <= most_pixels;
  const bool typed = !is_floating(type) && size_of(type) <= sizeof(std::uint32_t);
  if (!sized || !typed || spec.factor == 1) return false;
  const Bands bands = divide_into_bands(type, extent, spec);
  return fitting_cell_rows(bands.across, cell_bytes(type, spec)) > 0;
}

std::size_t stream_reduce_bytes(std::uint32_t frames, PixelType type, Extent extent,
                                const ReduceSpec& spec) {
  return frames * divide_into_bands(type, extent, spec).cells() * cell_bytes(type, spec);
}

namespace {

template <class T, bool sampled, class Cells>
void launch_gathering(const StreamBatch& batch, const StreamIndex& index,
                      const PixelRule<WorkType<T>>& rule, const Bands& bands,
                      const CellPlanes<Cells>& planes, const ReducedPlanes& out, void* stream) {
  launch("byte-offset reduction", gather_cells<T, Cells, sampled>,
         frame_grid(bands.count, batch.frames), dim3(tile_threads), stream, batch, index, rule,
         bands, planes, out);
}

template <class T, class Cells>
void gather_streams(const StreamBatch& batch, const StreamIndex& index,
                    const PixelRule<WorkType<T>>& rule, const ReduceSpec& spec, const Bands& bands,
                    const CellPlanes<Cells>& planes, const ReducedPlanes& out, void* stream) {
  if constexpr (std::is_same_v<Cells, MaxCells<WorkType<T>>>)
    if (restores(spec))
      return launch_gathering<T, true>(batch, index, rule, bands, planes, out, stream);
  launch_gathering<T, false>(batch, index, rule, bands, planes, out, stream);
}

}  // namespace

template <class W>
void reduce_streams(const StreamBatch& batch, const StreamIndex& index, const PixelRule<W>& rule,
                    const ReduceSpec& spec, const ReducedPlanes& out, void* scratch, void* stream) {
  if (batch.frames == 0 || batch.extent.empty()) return;
  const Bands bands = divide_into_bands(batch.type, batch.extent, spec);
  ops::visit_window_part<W>(spec, [&](auto part) {
    using Part = decltype(part);
    using Cells = CellsFor<Part>;
    CellPlanes<Cells> planes{static_cast<typename Cells::Value*>(scratch), nullptr};
    if constexpr (Cells::noted)
      planes.notes = reinterpret_cast<std::uint32_t*>(planes.values + batch.frames * bands.cells());
    visit_stream_type<W>(batch.type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      gather_streams<T>(batch, index, rule, spec, bands, planes, out, stream);
    });
    const auto pixels = static_cast<std::uint64_t>(out.extent.pixels()) * batch.frames;
    if (pixels == 0) return;
    launch("reduction of cells", finish_windows<Part, W>, dim3(blocks_for(pixels, finish_threads)),
           dim3(finish_threads), stream, bands, planes, rule.saturation, restores(spec), out);
  });
}

template void reduce_streams(const StreamBatch&, const StreamIndex&, const PixelRule<std::int32_t>&,
                             const ReduceSpec&, const ReducedPlanes&, void*, void*);
template void reduce_streams(const StreamBatch&, const StreamIndex&, const PixelRule<std::int64_t>&,
                             const ReduceSpec&, const ReducedPlanes&, void*, void*);

}  // namespace quickbeam::kernels::cuda
