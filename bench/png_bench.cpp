// SPDX-License-Identifier: BSD-3-Clause
// Pictures: encoding one log-mapped thumbnail, in bytes of pixels a second and in memcpys of a
// decoded frame.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "bench/memory.hpp"
#include "io/picture.hpp"

namespace quickbeam::bench {
namespace {

/// The greatest of 100 Poisson counts, from one uniform number: its distribution function is the
/// Poisson one to the power of 100.
int greatest_of_100(double mean, double uniform) {
  const double target = std::pow(uniform, 0.01);
  double term = std::exp(-mean), sum = term;
  int k = 0;
  while (sum < target && k < 1000) sum += term *= mean / ++k;
  return k;
}

/// A 10 x 10 maximum of photon counts on a falling background, on a logarithmic scale, with a few
/// spots and the gaps between modules.
std::vector<std::uint8_t> thumbnail(std::int64_t side) {
  std::mt19937 random(20260101);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side));
  const double centre = static_cast<double>(side) / 2;
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) {
      const double r = std::hypot(static_cast<double>(x) - centre, static_cast<double>(y) - centre);
      const double mean = 0.3 + 30 * std::exp(-r / (0.25 * static_cast<double>(side)));
      int most = greatest_of_100(mean, std::uniform_real_distribution<>()(random));
      if (random() % 200 == 0) most += 500;
      const double grey = 1 + 253 * std::log(std::max(most, 1)) / std::log(2000.0);
      const bool gap = x % 49 == 48 || y % 21 == 20;
      pixels[static_cast<std::size_t>(y * side + x)] =
          gap ? 255 : static_cast<std::uint8_t>(std::min(grey, 254.0));
    }
  return pixels;
}

io::Palette palette(bool grey) {
  io::Palette colours{};
  for (int i = 0; i < 256; ++i) {
    const auto v = static_cast<std::uint8_t>(i);
    colours[v] = grey ? io::Rgb{v, v, v} : io::Rgb{v, static_cast<std::uint8_t>(255 - i), 99};
  }
  return colours;
}

void report(benchmark::State& state, std::int64_t side, std::size_t encoded) {
  state.SetBytesProcessed(state.iterations() * side * side);
  state.counters["encoded_bytes"] = static_cast<double>(encoded);
  state.counters["of_memcpy"] =
      benchmark::Counter(memcpy_frame_seconds(), benchmark::Counter::kIsIterationInvariantRate |
                                                     benchmark::Counter::kInvert);
}

template <class Encode>
void run(benchmark::State& state, bool grey, Encode encode) {
  const std::int64_t side = state.range(0);
  const auto pixels = thumbnail(side);
  const ImageView<const std::uint8_t> view(pixels.data(), {side, side});
  const io::Palette colours = palette(grey);
  Buffer<std::byte> out;
  std::size_t encoded = 0;
  for (auto _ : state) benchmark::DoNotOptimize(encoded = encode(view, colours, out).size());
  report(state, side, encoded);
}

void png(benchmark::State& state) { run(state, false, io::encode_png); }
void jpeg_grey(benchmark::State& state) {
  run(state, true, [](auto view, const auto& colours, auto& out) {
    return io::encode_jpeg(view, colours, 85, out);
  });
}
void jpeg_colour(benchmark::State& state) {
  run(state, false, [](auto view, const auto& colours, auto& out) {
    return io::encode_jpeg(view, colours, 85, out);
  });
}

BENCHMARK(png)->Arg(250)->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK(jpeg_grey)->Arg(250)->Arg(1024)->Unit(benchmark::kMicrosecond);
BENCHMARK(jpeg_colour)->Arg(250)->Arg(1024)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quickbeam::bench
