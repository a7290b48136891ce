// SPDX-License-Identifier: BSD-3-Clause
// A band of rows of a frame on its way from the tile decoder to cells in shared memory.
#pragma once

#include <cstdint>

#include "kernels/cuda/byte_offset_tile.cuh"
#include "kernels/cuda/cells.cuh"
#include "kernels/ops/cells.hpp"
#include "kernels/ops/pixel_rule.hpp"

namespace quickbeam::kernels::cuda {

/// How a frame is divided.
struct Bands {
  ops::CellAxis across, down;
  WindowAxis windows_across, windows_down;
  std::uint32_t width;
  std::uint32_t cell_rows;  ///< of a band
  std::uint32_t count;      ///< bands

  QUICKBEAM_HD std::uint32_t columns() const { return across.count; }
  /// Cells of a frame.
  QUICKBEAM_HD std::uint64_t cells() const { return std::uint64_t{across.count} * down.count; }
};

/// The cells of a band in shared memory, and where each column of cells ends.
template <class Cells>
struct BandCells {
  typename Cells::Value* values;
  std::uint32_t* notes;
  std::uint32_t* column_end;

  __device__ BandCells(std::uint32_t* memory, const Bands& bands) {
    const std::uint32_t cells = bands.columns() * bands.cell_rows;
    values = reinterpret_cast<typename Cells::Value*>(memory);
    notes = reinterpret_cast<std::uint32_t*>(values + cells);
    column_end = notes + (Cells::noted ? cells : 0);
  }

  __device__ void clear(const Bands& bands) const {
    for (std::uint32_t i = threadIdx.x; i < bands.columns() * bands.cell_rows; i += tile_threads) {
      values[i] = Cells::empty;
      if (Cells::noted) notes[i] = 0;
    }
    for (std::uint32_t i = threadIdx.x; i < bands.columns(); i += tile_threads)
      column_end[i] = bands.across.begin_of(i + 1);
  }
};

/// The rows of cells of one block, and the pixels in them.
struct Band {
  std::uint32_t first_row, rows;
  std::uint32_t first_pixel, end_pixel;

  __device__ Band(const Bands& bands, std::uint32_t number) {
    first_row = number * bands.cell_rows;
    rows = min(bands.cell_rows, bands.down.count - first_row);
    first_pixel = bands.down.begin_of(first_row) * bands.width;
    end_pixel = bands.down.begin_of(first_row + rows) * bands.width;
  }
};

/// Whether the sampled pixels of a dilation are noted, to be restored: in the flags of the output,
/// which are not yet there.
struct Samples {
  std::uint8_t* masked;  ///< of one frame; null: not wanted
  std::uint32_t step;
  std::uint32_t width;  ///< of the output

  /// Pixels x, x + 1 ... of row y; those whose bit is set in `known` are masked or not as the bits
  /// of `bits` say.
  __device__ void note(std::uint32_t x, std::uint32_t y, unsigned known, unsigned bits) const {
    if (y % step != 0) return;
    std::uint64_t column = (x + step - 1) / step;
    for (std::uint64_t i = column * step - x; i < ops::chunk_bytes; i += step, ++column)
      if ((known >> i & 1) != 0) masked[std::uint64_t{y / step} * width + column] = bits >> i & 1;
  }
};

/// The lowest `count` bits.
__device__ constexpr unsigned low_bits(unsigned count) { return (1u << count) - 1; }

/// Takes the pixels of a band from the tile decoder.
template <class T, class Cells, bool sampled>
struct CellSink {
  using W = WorkType<T>;
  using Value = StreamValue<T>;
  const Bands& bands;
  const Band band;
  const PixelRule<W>& rule;
  const std::uint32_t frame;
  const BandCells<Cells> cells;
  const Samples samples;

  /// The first cell of the band's row of cells that pixel row y is in. That of a row of another
  /// band does not matter: it is one of this band.
  __device__ std::uint32_t row_of_cells(std::uint32_t y) const {
    if (band.rows == 1) return 0;
    const std::uint32_t row = max(bands.down.cell_of(y), band.first_row) - band.first_row;
    return min(row, band.rows - 1) * bands.columns();
  }

  /// Which of `count` <= 16 pixels are in the band, as bits.
  __device__ unsigned in_band(std::uint32_t pixel, unsigned count) const {
    if (pixel >= band.end_pixel) return 0;
    const std::uint32_t before = band.first_pixel > pixel ? band.first_pixel - pixel : 0;
    const std::uint32_t end = min(count, band.end_pixel - pixel);
    return before < end ? low_bits(end) & ~low_bits(before) : 0;
  }

  /// Which of `count` pixels from column x on end a cell, or are the last one, as bits; which of
  /// them ends its row, if one does.
  __device__ unsigned cell_ends(std::uint32_t cell, std::uint32_t x, unsigned count,
                                unsigned& row_end) const {
    unsigned ends = 1u << (count - 1);
    for (std::uint32_t end = cells.column_end[cell] - x; end <= count;) {
      ends |= 1u << (end - 1);
      if (++cell < bands.columns()) {
        end += cells.column_end[cell] - cells.column_end[cell - 1];
      } else {
        row_end = end - 1;
        cell = 0;
        end += cells.column_end[0];
      }
    }
    return ends;
  }

  __device__ void commit(const Cells& gathered, std::uint32_t cell) const {
    gathered.commit(cells.values + cell, cells.notes + (Cells::noted ? cell : 0));
  }

  /// Pixels of at most two rows: the frame is not narrower than a chunk.
  __device__ void run_of_rows(std::uint32_t pixel, const Value (&values)[ops::chunk_bytes],
                              unsigned count, unsigned wanted) const {
    const std::uint32_t y = pixel / bands.width, x = pixel - y * bands.width;
    const std::uint32_t column = bands.across.cell_of(x);
    unsigned row_end = ops::chunk_bytes, masked = 0;
    const unsigned ends = cell_ends(column, x, count, row_end);
    std::uint32_t cell = row_of_cells(y) + column;
    const std::uint32_t next_row = row_end < count ? row_of_cells(y + 1) : 0;
    Cells gathered;
#pragma unroll
    for (unsigned i = 0; i < ops::chunk_bytes; ++i) {
      if ((wanted >> i & 1) != 0) {
        const W value = rule(static_cast<W>(values[i]), std::int64_t{pixel} + i, frame);
        const bool valid = rule.valid(value);
        gathered.add(value, valid, value > rule.saturation);
        if (sampled && !valid) masked |= 1u << i;
      }
      if ((ends >> i & 1) != 0) {
        commit(gathered, cell);
        gathered = Cells();
        cell = i == row_end ? next_row : cell + 1;
      }
    }
    if (!sampled) return;
    const unsigned here = low_bits(min(row_end + 1, ops::chunk_bytes));
    samples.note(x, y, wanted & here, masked);
    if (row_end + 1 < count)
      samples.note(0, y + 1, wanted >> (row_end + 1), masked >> (row_end + 1));
  }

  __device__ void run(std::uint32_t pixel, const Value (&values)[ops::chunk_bytes],
                      unsigned count) const {
    const unsigned wanted = in_band(pixel, count);
    if (wanted == 0) return;
    if (bands.width >= ops::chunk_bytes) return run_of_rows(pixel, values, count, wanted);
#pragma unroll
    for (unsigned i = 0; i < ops::chunk_bytes; ++i)
      if ((wanted >> i & 1) != 0) one(pixel + i, values[i]);
  }

  __device__ void one(std::uint32_t pixel, Value decoded) const {
    if (in_band(pixel, 1) == 0) return;
    const std::uint32_t y = pixel / bands.width, x = pixel - y * bands.width;
    const W value = rule(static_cast<W>(decoded), pixel, frame);
    const bool valid = rule.valid(value);
    Cells gathered;
    gathered.add(value, valid, value > rule.saturation);
    commit(gathered, row_of_cells(y) + bands.across.cell_of(x));
    if (sampled) samples.note(x, y, 1, valid ? 0 : 1);
  }
};

}  // namespace quickbeam::kernels::cuda
