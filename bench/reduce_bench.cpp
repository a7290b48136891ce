// SPDX-License-Identifier: BSD-3-Clause
// What the reductions cost on top of producing the rows: one frame's worth of rows that lie in the
// first cache, as a decoder leaves them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <limits>

#include "bench/counts_frame.hpp"
#include "kernels/reduce.hpp"

namespace {

using namespace quickbeam;

constexpr std::int32_t no_limit = std::numeric_limits<std::int32_t>::max();

/// One row of the frame, again and again, stands for the row buffer a decoder writes.
void reduce_rows(benchmark::State& state, const ReduceSpec& spec, std::int32_t saturation) {
  const Extent extent{bench::pilatus_width, bench::pilatus_height};
  const auto reducer =
      kernels::make_row_reducer<std::int32_t>(extent, spec, {0, no_limit}, saturation);
  Buffer<std::int32_t> row(static_cast<std::size_t>(extent.width) + kernels::row_padding);
  const std::int32_t* middle = bench::counts_frame().data() + 1250 * extent.width;
  std::copy_n(middle, extent.width, row.data());
  ReducedImage out;
  for (auto _ : state) {
    reducer->begin(out);
    for (std::int64_t y = 0; y < extent.height; ++y) reducer->push(row.data(), nullptr);
    reducer->finish();
    benchmark::ClobberMemory();
  }
  const double frames = static_cast<double>(state.iterations());
  state.SetBytesProcessed(
      static_cast<std::int64_t>(state.iterations() * bench::pilatus_pixels * 4));
  state.counters["of_memcpy"] =
      benchmark::Counter(frames * bench::memcpy_frame_seconds(), benchmark::Counter::kIsRate);
}

ReduceSpec blocks(ReduceOp op, std::int32_t factor) { return {.op = op, .factor = factor}; }

ReduceSpec sampled(std::int32_t window, std::int32_t step) {
  return {.op = ReduceOp::dilate, .factor = step, .window = window};
}

BENCHMARK_CAPTURE(reduce_rows, max_2, blocks(ReduceOp::max, 2), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, max_10, blocks(ReduceOp::max, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, min_10, blocks(ReduceOp::min, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, min_10_saturation, blocks(ReduceOp::min, 10), 1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, sum_2, blocks(ReduceOp::sum, 2), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, sum_10, blocks(ReduceOp::sum, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, mean_10, blocks(ReduceOp::mean, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, mean_10_saturation, blocks(ReduceOp::mean, 10), 1000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, dilate_10_10, sampled(10, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, dilate_4_10, sampled(4, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, dilate_25_10, sampled(25, 10), no_limit)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reduce_rows, dilate_10_1, sampled(10, 1), no_limit)
    ->Unit(benchmark::kMillisecond);

}  // namespace
