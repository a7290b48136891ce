// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks in memory, as a fraction of the speed at which one core reads that memory
// (of_read, measured in the same run over as many bytes).
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include <quickbeam/core/buffer.hpp>

#include "bench/memory.hpp"
#include "kernels/moments.hpp"

namespace quickbeam::bench {
namespace {

using namespace quickbeam::kernels;

/// More than any cache holds, in images of whole leaves or not.
constexpr std::size_t stack_bytes = std::size_t{512} << 20;

template <class T>
Buffer<T> noisy_stack() {
  Buffer<T> stack(stack_bytes / sizeof(T));
  std::mt19937 random(20261120);
  std::normal_distribution<float> noise(100, 20);
  std::vector<T> some(1 << 16);
  for (T& v : some) v = static_cast<T>(noise(random));
  for (std::size_t i = 0; i < stack.size(); ++i) stack[i] = some[(i + i / 977) % some.size()];
  return stack;
}

template <class T>
const Buffer<T>& stack_of() {
  static const Buffer<T> stack = noisy_stack<T>();
  return stack;
}

/// Processor seconds of reading `bytes` (whole kilobytes), best of 4.
double read_seconds(const std::byte* from, std::size_t bytes) {
  double best = 1e9;
  for (int turn = 0; turn < 4; ++turn) {
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < bytes; i += 1024) {
      using Vector [[gnu::vector_size(64), gnu::aligned(8)]] = std::uint64_t;
      const auto* at = reinterpret_cast<const Vector*>(from + i);
      Vector a = at[0], b = at[1];
#pragma GCC unroll 8
      for (int k = 2; k < 16; k += 2) {
        a |= at[k];
        b |= at[k + 1];
      }
      a |= b;
      benchmark::DoNotOptimize(a);
    }
    best = std::min(best, cpu_seconds() - start);
  }
  return best;
}

double read_seconds() {
  static const double seconds =
      read_seconds(reinterpret_cast<const std::byte*>(stack_of<float>().data()), stack_bytes);
  return seconds;
}

enum class What { pixels, images, both };

/// `at_once`: images in a call.
template <class T>
void statistics(benchmark::State& state, What what, std::size_t side, std::size_t at_once) {
  const Buffer<T>& stack = stack_of<T>();
  const double reading = read_seconds();
  const std::size_t pixels = side * side, images = stack.size() / pixels;
  PixelMoments to;
  std::vector<ImageMoments> each(images);
  const double start = cpu_seconds();
  for (auto _ : state) {
    to.reset(moment_kind(pixel_type_of<T>()), pixels);
    for (std::size_t k = 0; k < images; k += at_once) {
      const T* in = stack.data() + k * pixels;
      const auto count = std::min(at_once, images - k);
      if (what == What::images)
        for (std::size_t i = 0; i < count; ++i)
          each[k + i] = image_moments(std::span(in + i * pixels, pixels));
      else if (what == What::pixels)
        add_images(in, pixels, static_cast<int>(count), to);
      else
        add_images(in, pixels, static_cast<int>(count), to, std::span(each).subspan(k, count));
    }
    benchmark::DoNotOptimize(to.lowest.data());
    benchmark::ClobberMemory();
  }
  const double used = cpu_seconds() - start;
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stack_bytes));
  state.counters["of_read"] = reading * static_cast<double>(state.iterations()) / used;
}

void reading(benchmark::State& state) {
  const auto* from = reinterpret_cast<const std::byte*>(stack_of<float>().data());
  for (auto _ : state) state.SetIterationTime(read_seconds(from, stack_bytes));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stack_bytes));
}
BENCHMARK(reading)->Name("moments/read")->Unit(benchmark::kMillisecond)->UseManualTime();

template <class T>
void add(const std::string& type) {
  const auto add_one = [&](const std::string& name, What what, std::size_t side,
                           std::size_t at_once) {
    benchmark::RegisterBenchmark(
        ("moments/" + type + "/" + name).c_str(),
        [=](benchmark::State& state) { statistics<T>(state, what, side, at_once); })
        ->Unit(benchmark::kMillisecond);
  };
  for (const std::size_t side : {256, 512}) {
    const std::string box = "/box" + std::to_string(side);
    add_one("pixels" + box + "/16", What::pixels, side, chunk_images);
    add_one("pixels" + box + "/256", What::pixels, side, leaf_images);
    add_one("images" + box, What::images, side, chunk_images);
    add_one("both" + box + "/16", What::both, side, chunk_images);
    add_one("both" + box + "/256", What::both, side, leaf_images);
  }
}

[[maybe_unused]] const bool added = [] {
  add<float>("f32");
  add<std::uint8_t>("u8");
  add<std::int16_t>("i16");
  add<std::uint16_t>("u16");
  add<double>("f64");
  return true;
}();

}  // namespace
}  // namespace quickbeam::bench
