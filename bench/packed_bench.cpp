// SPDX-License-Identifier: BSD-3-Clause
// Packed decoding of frames with the noise of photon counters and of integrating detectors.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include <quickbeam/core/buffer.hpp>

#include "bench/memory.hpp"
#include "kernels/packed.hpp"
#include "tests/oracle/packed_encoder.hpp"

namespace quickbeam::bench {
namespace {

/// Values around a smooth background; `sigma` sets how many bits an offset takes. One pixel in
/// 2000 is a spot.
template <class T>
std::vector<T> noisy_frame(std::size_t count, double sigma) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0, sigma);
  std::vector<T> pixels(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double spot = random() % 2000 == 0 ? 120 : 0;
    pixels[i] = static_cast<T>(std::lround(100 + noise(random) + spot));
  }
  return pixels;
}

template <class T>
void decode(benchmark::State& state, Payload payload, double sigma) {
  const auto count = static_cast<std::size_t>(payload.extent.pixels() * payload.depth);
  using Bits = std::conditional_t<sizeof(T) == 8, std::int64_t,
                                  std::conditional_t<sizeof(T) == 4, std::int32_t, std::int16_t>>;
  std::vector<Bits> pixels(count);
  const std::vector<T> frame = noisy_frame<T>(count, sigma);
  std::memcpy(pixels.data(), frame.data(), count * sizeof(T));
  const auto stream = oracle::encode_packed<Bits>(
      pixels, {payload.extent.width, payload.extent.height, payload.depth,
               payload.encoding == Encoding::packed_v2, payload.flat});
  payload.type = pixel_type_of<T>();
  payload.bytes = stream;
  Buffer<std::byte> out(count * sizeof(T));
  for (auto _ : state) {
    kernels::decode_packed(payload, out.span());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(out.size()) * state.iterations());
  state.counters["bits_per_pixel"] =
      8 * static_cast<double>(stream.size()) / static_cast<double>(count);
  state.counters["of_memcpy"] =
      benchmark::Counter(memcpy_frame_seconds() * static_cast<double>(out.size()) /
                             static_cast<double>(pilatus_pixels * 4),
                         benchmark::Counter::kIsIterationInvariantRate);
}

Payload payload_of(Encoding encoding, bool flat, Extent extent, std::int64_t depth) {
  Payload payload;
  payload.encoding = encoding;
  payload.flat = flat;
  payload.extent = extent;
  payload.depth = depth;
  return payload;
}

constexpr Extent frame{1475, 1679};  // a PILATUS 2M

void packed_i32_counts(benchmark::State& state) {
  decode<std::int32_t>(state, payload_of(Encoding::packed, false, frame, 1), 1.5);
}
void packed_i32_noise(benchmark::State& state) {
  decode<std::int32_t>(state, payload_of(Encoding::packed, false, frame, 1), 12);
}
void packed_i32_sections(benchmark::State& state) {
  decode<std::int32_t>(state, payload_of(Encoding::packed, false, {388, 185}, 32), 12);
}
void packed_i32_flat(benchmark::State& state) {
  decode<std::int32_t>(state, payload_of(Encoding::packed, true, frame, 1), 12);
}
void packed_v2_i32_noise(benchmark::State& state) {
  decode<std::int32_t>(state, payload_of(Encoding::packed_v2, false, frame, 1), 12);
}
void packed_u16_noise(benchmark::State& state) {
  decode<std::uint16_t>(state, payload_of(Encoding::packed, false, frame, 1), 12);
}
void packed_f64_noise(benchmark::State& state) {
  decode<double>(state, payload_of(Encoding::packed, false, frame, 1), 12);
}

BENCHMARK(packed_i32_counts)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_i32_noise)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_i32_sections)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_i32_flat)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_v2_i32_noise)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_u16_noise)->Unit(benchmark::kMillisecond);
BENCHMARK(packed_f64_noise)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quickbeam::bench
