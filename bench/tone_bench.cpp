// SPDX-License-Identifier: BSD-3-Clause
// Thresholds to palette positions: a thumbnail of a PILATUS 6M frame, and the frame at full size.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>

#include <quickbeam/core/mask.hpp>

#include "bench/memory.hpp"
#include "kernels/tone.hpp"

namespace quickbeam::kernels {
namespace {

ToneTable log_table(double high) {
  ToneTable table;
  for (std::size_t k = 0; k < table.size(); ++k)
    table[k] = std::expm1(static_cast<double>(k + 1) / grey_levels * std::log1p(high));
  return table;
}

/// Counts around 8 with a few spots, one row in 12 masked.
template <class K>
ReducedImage photon_counts(Extent extent) {
  ReducedImage image{Image(pixel_type_of<K>(), extent), Image(PixelType::u8, extent)};
  std::mt19937 random(20240611);
  std::poisson_distribution<int> background(8), spots(3000);
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x) {
      const int counts = random() % 500 == 0 ? spots(random) : background(random);
      image.values.as<K>()(x, y) = y % 12 == 0 ? masked_value<K>() : static_cast<K>(counts);
      image.saturated.as<std::uint8_t>()(x, y) = 0;
    }
  return image;
}

template <class K>
void apply_tone(benchmark::State& state) {
  const Extent extent{state.range(0), state.range(1)};
  const ReducedImage image = photon_counts<K>(extent);
  const ToneTable table = log_table(500);
  Buffer<std::uint8_t> out(static_cast<std::size_t>(extent.pixels()));
  for (auto _ : state) {
    kernels::apply_tone(image, table, {out.data(), extent});
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * extent.pixels() *
                          static_cast<std::int64_t>(sizeof(K)));
  state.counters["memcpy_frame_ms"] = bench::memcpy_frame_seconds() * 1e3;
}
BENCHMARK_TEMPLATE(apply_tone, std::int32_t)->Args({247, 253})->Args({2463, 2527});
BENCHMARK_TEMPLATE(apply_tone, std::int64_t)->Args({247, 253});
BENCHMARK_TEMPLATE(apply_tone, float)->Args({247, 253});
BENCHMARK_TEMPLATE(apply_tone, double)->Args({247, 253});

}  // namespace
}  // namespace quickbeam::kernels
