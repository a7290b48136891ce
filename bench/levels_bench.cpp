// SPDX-License-Identifier: BSD-3-Clause
// Automatic levels and the tone table of a thumbnail-sized frame.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include <quickbeam/levels.hpp>

namespace quickbeam {
namespace {

template <class T>
void automatic_levels(benchmark::State& state) {
  const Extent extent{247, 253};
  ReducedImage image{Image(pixel_type_of<T>(), extent), Image(PixelType::u8, extent)};
  std::mt19937 random(20240611);
  std::poisson_distribution<int> background(8), spots(3000);
  for (std::int64_t i = 0; i < extent.pixels(); ++i) {
    image.values.as<T>().data[i] =
        static_cast<T>(random() % 500 == 0 ? spots(random) : background(random)) /
        (std::is_floating_point_v<T> ? T{81} : T{1});
    image.saturated.as<std::uint8_t>().data[i] = 0;
  }
  for (auto _ : state) {
    const LevelRange range = compute_levels(image, {}, {});
    benchmark::DoNotOptimize(make_tone_table({}, range.low, range.high));
  }
}
BENCHMARK_TEMPLATE(automatic_levels, std::int32_t);
BENCHMARK_TEMPLATE(automatic_levels, float);
BENCHMARK_TEMPLATE(automatic_levels, double);

}  // namespace
}  // namespace quickbeam
