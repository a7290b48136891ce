// SPDX-License-Identifier: BSD-3-Clause
// Full-resolution dilation of a PILATUS 6M frame on one core.
#include <benchmark/benchmark.h>

#include <limits>

#include "bench/counts_frame.hpp"
#include "kernels/dilate.hpp"

namespace {

using namespace quickbeam;

void dilate_frame(benchmark::State& state) {
  const Extent extent{bench::pilatus_width, bench::pilatus_height};
  const ImageView<const std::int32_t> in(bench::counts_frame().data(), extent);
  Buffer<std::int32_t> memory(bench::pilatus_pixels);
  const ImageView<std::int32_t> out(memory.data(), extent);
  kernels::DilateScratch<std::int32_t> scratch;
  const auto window = static_cast<std::int32_t>(state.range(0));
  for (auto _ : state) {
    kernels::dilate<std::int32_t>(in, out, window, {0, std::numeric_limits<std::int32_t>::max()},
                                  scratch);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(state.iterations() * bench::pilatus_pixels * 4));
  state.counters["of_memcpy"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * bench::memcpy_frame_seconds(),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(dilate_frame)
    ->Unit(benchmark::kMillisecond)
    ->ArgName("window")
    ->Arg(2)
    ->Arg(3)
    ->Arg(10)
    ->Arg(11)
    ->Arg(32)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(5000);

}  // namespace
