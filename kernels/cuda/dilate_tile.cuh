// SPDX-License-Identifier: BSD-3-Clause
// The kernel of grey dilation at full resolution: tiles in shared memory, first down the columns,
// from device memory, then along the rows.
//
// A window of w rows is two spans of `span` rows, w - span rows apart, with span <= w <= 2 span:
// the columns are folded to spans, whose length the compiler knows, and the larger of two is taken
// when the tile is stored. Rows and columns outside the plane count as the nearest ones inside,
// which every window that reaches out holds, too.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/mask.hpp>

#include "kernels/cuda/sliding_maxima.cuh"
#include "kernels/cuda/warp_fold.cuh"

namespace quickbeam::kernels::cuda {

/// The shape of a tile, halo included: 35 kB.
inline constexpr int tile_columns = 128;
template <class W>
inline constexpr int tile_rows = 256 / static_cast<int>(sizeof(W));
/// Odd, so that threads that walk along neighbouring rows meet on no bank. The last windows along a
/// row reach into the room behind the columns; they are not used.
inline constexpr int tile_pitch = tile_columns + 9;

inline constexpr int warp_threads = static_cast<int>(warp_size), dilate_warps = 8;
inline constexpr int dilate_threads = dilate_warps * warp_threads;
/// A thread folds a segment of a column; a warp folds and stores some rows, a lane some columns of
/// them.
inline constexpr int tile_segments = dilate_threads / tile_columns;
template <class W>
inline constexpr int segment_rows = tile_rows<W> / tile_segments;
template <class W>
inline constexpr int warp_rows = tile_rows<W> / dilate_warps;
inline constexpr int lane_columns = tile_columns / warp_threads;
template <class W>
inline constexpr W largest_value = std::numeric_limits<W>::max();

/// Planes in device memory before a pass, and which of their values are valid.
template <class W>
struct DilateSource {
  const W* pixels;
  ValidRange<W> valid;
};

/// Planes in device memory behind a pass.
template <class W>
struct DilateSink {
  W* values;
  std::uint8_t* saturated = nullptr;  ///< null: not asked for
  W saturation{};
  bool restore = false;  ///< what is masked in the source is masked again
};

/// A pass by a square window that reaches `before` pixels up and to the left. Sides are so short
/// that the pixels of 16 rows can be counted.
struct DilatePass {
  std::int32_t width, height;
  int window, before;
  std::uint32_t tiles_across;
};

/// Columns of a tile that are not halo.
QUICKBEAM_HD constexpr int output_columns(int window) { return tile_columns + 1 - window; }
/// Rows of a tile that become rows of the plane.
template <class W>
QUICKBEAM_HD constexpr int output_rows(int window, int span) {
  return tile_rows<W> + span - window;
}

template <class W>
struct DilateTile {
  W spans[tile_rows<W> * tile_pitch];
  /// [i][c]: which rows of column c are masked from row i * segment_rows on, up to segment_rows of
  /// them; the first one is the highest bit.
  std::uint32_t masked[tile_segments + 2][tile_columns];
};

/// Where the output of a tile begins.
struct TilePlace {
  std::int64_t plane;  ///< the frame's first pixel
  std::int32_t x, y;
};

/// The next rows of a column, all of them inside the plane; integers not above the highest valid
/// value.
template <class W>
struct InnerRows {
  const W* next;
  std::int32_t pitch;
  W highest;

  template <int count>
  __device__ void take(W (&rows)[count]) {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      rows[i] = next[i * pitch];
      if constexpr (std::is_floating_point_v<W>)
        rows[i] = rows[i] <= highest ? rows[i] : below_valid<W>();
    }
    next += count * pitch;
  }
};

/// The same from row `next` on, wherever that is.
template <class W>
struct AnyRows {
  const W* column;
  std::int32_t pitch, last, next;
  W highest;

  template <int count>
  __device__ void take(W (&rows)[count]) {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const std::int32_t y = min(max(next + i, 0), last);
      const W value = column[static_cast<std::int64_t>(y) * pitch];
      rows[i] = value <= highest ? value : below_valid<W>();
    }
    next += count;
  }
};

/// `bits` and behind them one a row, 1 where it is masked.
template <int count, class W>
__device__ std::uint32_t add_masked(std::uint32_t bits, const W (&rows)[count], W lowest) {
#pragma unroll
  for (int i = 0; i < count; ++i) {
    bool masked = rows[i] < W{0};  // all that is not valid of integers; no more than their sign
    if constexpr (std::is_floating_point_v<W>) masked = rows[i] < lowest;
    bits = bits << 1 | (masked ? 1u : 0u);
  }
  return bits;
}

/// Folds a segment of a column to spans. masked[0]: the rows of the segment, masked[1]: `span` rows
/// behind it.
template <int span, class W, class Rows>
__device__ void fold_segment(Rows rows, W lowest, W* spans, std::uint32_t (&masked)[2]) {
  W front[span], behind[span];
  rows.take(front);
  masked[0] = 0;
#pragma unroll(span < 8 ? 16 / span : 2)
  for (int row = 0; row < segment_rows<W>; row += span, spans += span * tile_pitch) {
    rows.take(behind);
    masked[0] = add_masked(masked[0], front, lowest);
    merge_maxima(front, behind);
#pragma unroll
    for (int i = 0; i < span; ++i) {
      spans[i * tile_pitch] = front[i];
      front[i] = behind[i];
    }
  }
  masked[1] = add_masked(0, front, lowest);
}

template <int span, class W>
__device__ void fold_columns(const DilateSource<W>& source, const DilatePass& pass,
                             const TilePlace& place, DilateTile<W>& tile) {
  const int column = static_cast<int>(threadIdx.x % tile_columns);
  const int segment = static_cast<int>(threadIdx.x / tile_columns);
  const int first = segment * segment_rows<W>;
  const std::int32_t x = min(max(place.x - pass.before + column, 0), pass.width - 1);
  const std::int32_t top = place.y - pass.before + first;
  const W* const from = source.pixels + place.plane + x;
  const auto [lowest, highest] = source.valid;
  W* const spans = tile.spans + first * tile_pitch + column;
  std::uint32_t masked[2];
  const bool bounded = std::is_integral_v<W> && highest < largest_value<W>;
  if (!bounded && top >= 0 && top + segment_rows<W> + span <= pass.height)
    fold_segment<span>(
        InnerRows<W>{from + static_cast<std::int64_t>(top) * pass.width, pass.width, highest},
        lowest, spans, masked);
  else
    fold_segment<span>(AnyRows<W>{from, pass.width, pass.height - 1, top, highest}, lowest, spans,
                       masked);
  tile.masked[segment][column] = masked[0] << (32 - segment_rows<W>);
  if (segment == tile_segments - 1) tile.masked[tile_segments][column] = masked[1] << (32 - span);
}

/// Folds the rows of a warp in place, from left to right. Results overwrite only what windows
/// further right do not look at. Lanes are `count` rows high, so that they meet on no bank.
template <int count, class W>
__device__ void fold_rows(int window, DilateTile<W>& tile) {
  const int columns = output_columns(window);
  const int row = static_cast<int>(threadIdx.x / warp_threads) * warp_rows<W> +
                  static_cast<int>(threadIdx.x % count);
  const int left = static_cast<int>(threadIdx.x % warp_threads / count) * count;
#pragma unroll 1
  for (int group = 0; group < warp_rows<W>; group += count) {
    W* const begin = tile.spans + (row + group) * tile_pitch;
#pragma unroll 1
    for (W* at = begin + left; at - left < begin + columns; at += warp_threads) {
      W maxima[count];
      maxima[0] = W{};  // lanes outside have none
      const bool inside = at < begin + columns;
      if (inside) sliding_maxima(at, window, maxima);
      __syncwarp();
      if (!inside) continue;
#pragma unroll
      for (int j = 0; j < count; ++j) at[j] = maxima[j];
    }
  }
}

/// Which of the rows of a warp from `row` of the tile on are masked in a column, the first one in
/// the sign.
template <class W>
__device__ std::uint32_t masked_rows(const DilateTile<W>& tile, int row, int column) {
  const std::uint32_t* const words = &tile.masked[row / segment_rows<W>][column];
  const std::uint64_t rows =
      static_cast<std::uint64_t>(words[0]) << 32 | static_cast<std::uint64_t>(words[tile_columns])
                                                       << (32 - segment_rows<W>);
  return static_cast<std::uint32_t>(rows << row % segment_rows<W> >> 32);
}

/// What a maximum is stored as, with the highest bit of `masked` telling whether it is masked in
/// any case.
template <class W>
__device__ W output_value(W maximum, std::uint32_t masked, W lowest) {
  const auto sign = static_cast<std::int32_t>(masked);
  if constexpr (std::is_integral_v<W>)
    return maximum | static_cast<W>(sign >> 31);  // in masked_value all bits are set
  else
    return sign < 0 || maximum < lowest ? masked_value<W>() : maximum + W{0};  // a zero becomes +0
}

/// Stores the rows of a warp; `full`: only the last columns of a lane may lie outside.
template <bool full, bool flags, int span, class W>
__device__ void store_rows(const DilateTile<W>& tile, const DilatePass& pass,
                           const TilePlace& place, W lowest, const DilateSink<W>& sink) {
  const int lane = static_cast<int>(threadIdx.x % warp_threads);
  const int first = static_cast<int>(threadIdx.x / warp_threads) * warp_rows<W>;
  const int columns = min(output_columns(pass.window), pass.width - place.x);
  const int rows = min(output_rows<W>(pass.window, span), pass.height - place.y) - first;
  std::uint32_t masked[lane_columns]{};
#pragma unroll
  for (int k = 0; k < lane_columns; ++k)
    if (sink.restore && lane + k * warp_threads < columns)
      masked[k] = masked_rows(tile, first + pass.before, lane + k * warp_threads + pass.before);
  const W* upper = tile.spans + first * tile_pitch + lane;
  const W* lower = upper + (pass.window - span) * tile_pitch;
  const std::int64_t at =
      place.plane + static_cast<std::int64_t>(place.y + first) * pass.width + place.x + lane;
  W* values = sink.values + at;
  std::uint8_t* saturated = flags ? sink.saturated + at : nullptr;
#pragma unroll 2
  for (int i = 0; i < min(rows, warp_rows<W>); ++i) {
#pragma unroll
    for (int k = 0; k < lane_columns; ++k) {
      const int c = k * warp_threads;
      if ((!full || k == lane_columns - 1) && lane + c >= columns) continue;
      const W value =
          output_value(largest_of(upper[c], lower[c], below_valid<W>()), masked[k], lowest);
      values[c] = value;
      if constexpr (flags) saturated[c] = value > sink.saturation ? 1 : 0;
    }
#pragma unroll
    for (std::uint32_t& bits : masked) bits <<= 1;
    upper += tile_pitch, lower += tile_pitch;
    values += pass.width;
    if constexpr (flags) saturated += pass.width;
  }
}

/// A block makes the tile blockIdx.x of frame blockIdx.y.
template <class W, int span>
__global__ void __launch_bounds__(dilate_threads)
    dilate_tiles(DilateSource<W> source, DilateSink<W> sink, DilatePass pass) {
  __shared__ DilateTile<W> tile;
  const auto across = static_cast<int>(blockIdx.x % pass.tiles_across);
  const auto down = static_cast<int>(blockIdx.x / pass.tiles_across);
  const TilePlace place{static_cast<std::int64_t>(blockIdx.y) * pass.width * pass.height,
                        across * output_columns(pass.window),
                        down * output_rows<W>(pass.window, span)};
  fold_columns<span>(source, pass, place, tile);
  __syncthreads();
  fold_rows<(span < warp_rows<W> ? span : warp_rows<W>)>(pass.window, tile);
  __syncthreads();
  const W lowest = source.valid.lowest;
  const bool full = place.x + output_columns(pass.window) <= pass.width;
  if (sink.saturated == nullptr)
    store_rows<false, false, span>(tile, pass, place, lowest, sink);
  else if (full)
    store_rows<true, true, span>(tile, pass, place, lowest, sink);
  else
    store_rows<false, true, span>(tile, pass, place, lowest, sink);
}

}  // namespace quickbeam::kernels::cuda
