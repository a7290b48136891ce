// SPDX-License-Identifier: BSD-3-Clause
// Pillow's resizing and SciPy's blur on a PILATUS 6M frame, with and without masked gaps.
#include <benchmark/benchmark.h>

#include <limits>
#include <random>

#include <quickbeam/core/image.hpp>

#include "bench/memory.hpp"
#include "kernels/resample.hpp"

namespace quickbeam::kernels {
namespace {

constexpr Extent frame{bench::pilatus_width, bench::pilatus_height};

Image counts(bool gaps) {
  Image image(PixelType::f32, frame);
  std::mt19937 random(20240611);
  for (std::int64_t y = 0; y < frame.height; ++y)
    for (std::int64_t x = 0; x < frame.width; ++x)
      image.as<float>()(x, y) = gaps && (y % 212 < 17 || x % 494 < 7)
                                    ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(random() % 16);
  return image;
}

void finish(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * frame.pixels() * 4);
  state.counters["memcpy_frame_ms"] = bench::memcpy_frame_seconds() * 1e3;
}

void resize_lanczos(benchmark::State& state) {
  const Image in = counts(state.range(0) != 0);
  const Image out(PixelType::f32, {998, 1024});
  for (auto _ : state) {
    resize(in.as<const float>(), out.as<float>(), ResampleFilter::lanczos);
    benchmark::ClobberMemory();
  }
  finish(state);
}
BENCHMARK(resize_lanczos)->ArgName("gaps")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void thumbnail(benchmark::State& state) {
  const Image in = counts(state.range(0) != 0);
  const Image out(PixelType::f32, {292, 300});
  for (auto _ : state) {
    pil_thumbnail(in.as<const float>(), out.as<float>());
    benchmark::ClobberMemory();
  }
  finish(state);
}
BENCHMARK(thumbnail)->ArgName("gaps")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

/// Square particles to 64 x 64, as bench/peers/thumbnail.py does with Pillow.
void particles(benchmark::State& state) {
  const std::int64_t side = state.range(0);
  const Image in(PixelType::f32, {side, side}), out(PixelType::f32, {64, 64});
  std::mt19937 random(20240611);
  std::normal_distribution<float> values(0, 1);
  for (std::int64_t i = 0; i < side * side; ++i) in.as<float>().data[i] = values(random);
  Thumbnailer thumbnailer({side, side}, {64, 64}, ThumbnailFilter::pil);
  for (auto _ : state) {
    thumbnailer.run(in.as<const float>(), out.as<float>());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * side * side * 4);
}
BENCHMARK(particles)->ArgName("side")->Arg(256)->Arg(512)->Arg(120)->Unit(benchmark::kMicrosecond);

void blur(benchmark::State& state) {
  const Image in = counts(state.range(0) != 0);
  const Image out(PixelType::f32, frame);
  for (auto _ : state) {
    gaussian_blur(in.as<const float>(), out.as<float>(), 5);
    benchmark::ClobberMemory();
  }
  finish(state);
}
BENCHMARK(blur)->ArgName("gaps")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quickbeam::kernels
