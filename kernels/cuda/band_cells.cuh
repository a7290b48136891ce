// SPDX-License-Identifier: BSD-3-Clause
// A band of rows of a frame on its way from the tile decoder to cells in shared memory.
#pragma once

#include <cstdint>

#include "kernels/cuda/byte_offset_tile.cuh"
#include "kernels/cuda/cells.cuh"
#include "kernels/ops/cell_ruler.hpp"
#include "kernels/ops/cells.hpp"
#include "kernels/ops/pixel_rule.hpp"

namespace quickbeam::kernels::cuda {

/// The lowest `count` bits.
__device__ constexpr unsigned low_bits(unsigned count) { return (1u << count) - 1; }

/// How a frame is divided.
struct Bands {
  ops::CellAxis across, down;
  ops::CellRuler ruler;  ///< of `across`
  ops::Divisor width;    ///< of the frame
  WindowAxis windows_across, windows_down;
  std::uint32_t cell_rows;  ///< of a band
  std::uint32_t count;      ///< bands

  QUICKBEAM_HD std::uint32_t columns() const { return across.count; }
  /// Cells of a frame.
  QUICKBEAM_HD std::uint64_t cells() const { return std::uint64_t{across.count} * down.count; }
};

/// The cells of a band in shared memory.
template <class Cells>
struct BandCells {
  typename Cells::Value* values;
  std::uint32_t* notes;

  __device__ BandCells(std::uint32_t* memory, const Bands& bands) {
    values = reinterpret_cast<typename Cells::Value*>(memory);
    notes = reinterpret_cast<std::uint32_t*>(values + bands.columns() * bands.cell_rows);
  }

  __device__ void clear(const Bands& bands) const {
    for (std::uint32_t i = threadIdx.x; i < bands.columns() * bands.cell_rows; i += tile_threads) {
      values[i] = Cells::empty;
      if (Cells::noted) notes[i] = 0;
    }
  }
};

/// The rows of cells of one block, and the pixels in them.
struct Band {
  std::uint32_t first_row, rows;
  std::uint32_t first_pixel, end_pixel;

  __device__ Band(const Bands& bands, std::uint32_t number) {
    first_row = number * bands.cell_rows;
    rows = min(bands.cell_rows, bands.down.count - first_row);
    first_pixel = bands.down.begin_of(first_row) * bands.width.value();
    end_pixel = bands.down.begin_of(first_row + rows) * bands.width.value();
  }

  /// Which of `count` <= 16 pixels are in the band, as bits.
  __device__ unsigned holds(std::uint32_t pixel, unsigned count) const {
    if (pixel >= end_pixel) return 0;
    const std::uint32_t before = first_pixel > pixel ? first_pixel - pixel : 0;
    const std::uint32_t end = min(count, end_pixel - pixel);
    return before < end ? low_bits(end) & ~low_bits(before) : 0;
  }
};

/// The sampled pixels of a dilation whose masked ones are restored: they are noted in the flags of
/// the output, which are not yet there.
struct Samples {
  std::uint8_t* masked;  ///< of one frame
  ops::Divisor step;
  std::uint32_t width;  ///< of the output

  __device__ bool in_row(std::uint32_t y) const { return step.quotient(y) * step.value() == y; }
  /// Pixels x, x + 1 ... of row y; those whose bit is set in `known` are masked or not as the bits
  /// of `bits` say.
  __device__ void note(std::uint32_t x, std::uint32_t y, unsigned known, unsigned bits) const {
    std::uint32_t column = step.quotient(x);
    if (column * step.value() != x) ++column;
    const std::uint64_t row = std::uint64_t{step.quotient(y)} * width;
    for (std::uint64_t i = std::uint64_t{column} * step.value() - x; i < ops::chunk_bytes;
         i += step.value(), ++column)
      if ((known >> i & 1) != 0) masked[row + column] = bits >> i & 1;
  }
};

/// Takes the pixels of a band from the tile decoder.
template <class T, class Cells, bool sampled>
class CellSink {
 public:
  using W = WorkType<T>;
  using Value = StreamValue<T>;
  static constexpr unsigned run_pixels = ops::CellRuler::length;

  __device__ CellSink(const Bands& bands, const Band& band, const PixelRule<W>& rule,
                      std::uint32_t frame, const BandCells<Cells>& cells, const Samples& samples)
      : bands_(bands),
        band_(band),
        rule_(rule),
        saturation_(max(rule.saturation, masked_value<W>())),
        frame_(frame),
        cells_(cells),
        samples_(samples) {}

  /// A run may go on in the next row, but not end it.
  __device__ bool takes_runs() const { return bands_.width.value() >= run_pixels; }

  __device__ void run(std::uint32_t pixel, const Value (&values)[run_pixels],
                      unsigned count) const {
    const unsigned wanted = band_.holds(pixel, count);
    if (wanted == 0) return;
    W pixels[run_pixels];
    read(pixel, values, wanted, pixels);
    const unsigned masked = masked_of(pixels) & wanted;
    const std::uint32_t y = bands_.width.quotient(pixel), x = pixel - y * bands_.width.value();
    const std::uint32_t to_row_end = bands_.width.value() - 1 - x;
    Cursor at = cursor_at(x, y, to_row_end);
    gather<0>(pixels, masked, at);
    gather<run_pixels / 2>(pixels, masked, at);
    if (sampled) note(x, y, to_row_end, wanted, masked);
  }

  __device__ void one(std::uint32_t pixel, Value decoded) const {
    if (band_.holds(pixel, 1) == 0) return;
    const std::uint32_t y = bands_.width.quotient(pixel), x = pixel - y * bands_.width.value();
    const W value = cleaned(rule_(static_cast<W>(decoded), pixel, frame_));
    Cells gathered;
    gathered.add(value, saturation_);
    gathered.add_masked(value < 0 ? 1 : 0);
    commit(gathered, row_of_cells(y) + bands_.ruler.place_of(x).cell);
    if (sampled && samples_.in_row(y)) samples_.note(x, y, 1, value < 0 ? 1 : 0);
  }

 private:
  /// The cell that a run has come to, and where it and the next ones end.
  struct Cursor {
    std::uint32_t cell;
    unsigned ends;           ///< bit i: pixel i of the run is the last of its cell
    std::uint32_t row_end;   ///< of the run, or beyond it
    std::uint32_t next_row;  ///< the first cell behind it

    __device__ void step_over(unsigned end) { cell = end == row_end ? next_row : cell + 1; }
  };

  __device__ Cursor cursor_at(std::uint32_t x, std::uint32_t y, std::uint32_t row_end) const {
    const ops::CellRuler::Place place = bands_.ruler.place_of(x);
    Cursor at{row_of_cells(y) + place.cell, place.ends, row_end, 0};
    if (row_end >= run_pixels) return at;
    at.next_row = row_of_cells(y + 1);
    at.ends = (at.ends & low_bits(row_end)) | 1u << row_end |
              bands_.ruler.place_of(0).ends << row_end << 1;
    return at;
  }

  /// Valid integers begin at 0: one comparison of unsigned numbers does.
  __device__ W cleaned(W value) const {
    using U = std::make_unsigned_t<W>;
    return static_cast<U>(value) <= static_cast<U>(rule_.valid.highest) ? value : masked_value<W>();
  }

  /// As they count: those that are masked or not wanted as masked_value.
  __device__ void read(std::uint32_t pixel, const Value (&values)[run_pixels], unsigned wanted,
                       W (&pixels)[run_pixels]) const {
#pragma unroll
    for (unsigned i = 0; i < run_pixels; ++i) pixels[i] = cleaned(static_cast<W>(values[i]));
    const bool ruled = rule_.mask != nullptr || rule_.clip != nullptr;
    if (!ruled && wanted == low_bits(run_pixels)) return;
#pragma unroll
    for (unsigned i = 0; i < run_pixels; ++i) {
      const bool is_wanted = (wanted & 1u << i) != 0;
      if (is_wanted && ruled)
        pixels[i] = cleaned(rule_(pixels[i], std::int64_t{pixel} + i, frame_));
      if (!is_wanted) pixels[i] = masked_value<W>();
    }
  }

  __device__ static unsigned masked_of(const W (&pixels)[run_pixels]) {
    unsigned masked = 0;
#pragma unroll
    for (unsigned i = 0; i < run_pixels; ++i)
      if (pixels[i] < 0) masked |= 1u << i;  // not by ?:, which GCC 12 gets wrong under UBSan
    return masked;
  }

  /// Where the band's cells of pixel row y begin. Those of a row of another band do not matter:
  /// they are some of this band.
  __device__ std::uint32_t row_of_cells(std::uint32_t y) const {
    if (band_.rows == 1) return 0;
    const std::uint32_t row = max(bands_.down.cell_of(y), band_.first_row) - band_.first_row;
    return min(row, band_.rows - 1) * bands_.columns();
  }

  /// Half of a run: most have one border between cells or none, so that two sums without branches
  /// do. Where there are more, what lies before the first one is forgotten, and so on.
  template <unsigned first>
  __device__ void gather(W (&pixels)[run_pixels], unsigned masked, Cursor& at) const {
    constexpr unsigned count = run_pixels / 2;
    unsigned here = masked >> first & low_bits(count), ends = at.ends >> first & low_bits(count);
    for (;;) {
      const unsigned cut = ends != 0 ? static_cast<unsigned>(__ffs(static_cast<int>(ends))) : count;
      Cells before, behind;
#pragma unroll
      for (unsigned i = 0; i < count; ++i) {
        const W pixel = pixels[first + i];
        before.add(i < cut ? pixel : masked_value<W>(), saturation_);
        behind.add(i < cut ? masked_value<W>() : pixel, saturation_);
      }
      before.add_masked(__popc(here & low_bits(cut)));
      commit(before, at.cell);
      if (ends == 0) return;
      at.step_over(first + cut - 1);
      here &= ~low_bits(cut);
      ends &= ends - 1;
      if (ends == 0) {
        behind.add_masked(__popc(here));
        if (cut < count) commit(behind, at.cell);
        return;
      }
#pragma unroll
      for (unsigned i = 0; i < count; ++i)
        if (i < cut) pixels[first + i] = masked_value<W>();
    }
  }

  __device__ void note(std::uint32_t x, std::uint32_t y, std::uint32_t row_end, unsigned wanted,
                       unsigned masked) const {
    const unsigned here = row_end < run_pixels ? low_bits(row_end + 1) : low_bits(run_pixels);
    if (samples_.in_row(y)) samples_.note(x, y, wanted & here, masked);
    if (row_end + 1 < run_pixels && samples_.in_row(y + 1))
      samples_.note(0, y + 1, wanted >> (row_end + 1), masked >> (row_end + 1));
  }

  __device__ void commit(const Cells& gathered, std::uint32_t cell) const {
    gathered.commit(cells_.values + cell, cells_.notes + (Cells::noted ? cell : 0));
  }

  const Bands& bands_;
  const Band& band_;
  const PixelRule<W>& rule_;
  const W saturation_;  ///< masked pixels are not above it
  const std::uint32_t frame_;
  const BandCells<Cells> cells_;
  const Samples samples_;
};

}  // namespace quickbeam::kernels::cuda
