// SPDX-License-Identifier: BSD-3-Clause
// Byte-offset streams reduced by the kernels of the GPU, without a frame of full size, must give
// what the oracle gives of the pixels that were encoded.
#include "kernels/stream_reduce_cuda.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/cuda/device_streams.hpp"
#include "tests/cuda/reduced.hpp"

namespace quickbeam::tests {
namespace {

using kernels::PixelRule;
using Random = std::mt19937_64;

constexpr PixelType stream_types[] = {PixelType::i8,  PixelType::u8,  PixelType::i16,
                                      PixelType::u16, PixelType::i32, PixelType::u32};

/// Whether codes are as short as they can be, or of any width: then nearly all are escapes.
enum class Codes { shortest, any };

/// How the pixels of a frame are drawn.
enum class Kind { quiet, spots, wild, masked };

struct Case {
  Extent extent{};
  ReduceSpec spec{};
  std::size_t frames = 1;
  Kind kind = Kind::spots;
  Codes codes = Codes::shortest;
  bool mask = false;
  bool clip = false;
  bool low_saturation = false;
};

std::string describe_case(PixelType type, const Case& c) {
  return std::string(name_of(type)) + " " + std::to_string(c.frames) + " of " +
         std::to_string(c.extent.width) + " x " + std::to_string(c.extent.height) + " " +
         describe(c.spec) + " kind " + std::to_string(static_cast<int>(c.kind)) +
         (c.codes == Codes::any ? " any codes" : "") + (c.mask ? " mask" : "") +
         (c.clip ? " clip" : "") + (c.low_saturation ? " low saturation" : "");
}

template <class T>
T masked_pixel_of() {
  return std::is_signed_v<T> ? T(-1) : std::numeric_limits<T>::max();
}

template <class T>
T draw_pixel(Kind kind, Random& random) {
  const auto any = static_cast<T>(random());
  switch (kind) {
    case Kind::quiet:
      return static_cast<T>(random() % 4);
    case Kind::spots:
      return random() % 40 == 0 ? static_cast<T>(any % T{100}) : random() % 200 == 0 ? any : T{1};
    case Kind::wild:
      return any;
    case Kind::masked:
      return masked_pixel_of<T>();
  }
  return T{};
}

/// Gaps as between the modules of a detector: whole rows and whole columns.
template <class T>
std::vector<T> draw_frame(Extent extent, Kind kind, Random& random) {
  std::vector<T> pixels;
  const auto gap = static_cast<std::int64_t>(random() % 40);
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x) {
      const bool in_gap = y % 60 == gap || (x + gap) % 100 < 12;
      pixels.push_back(in_gap ? masked_pixel_of<T>() : draw_pixel<T>(kind, random));
    }
  return pixels;
}

/// Bytes of the narrowest delta that holds `delta`.
int narrowest(std::int64_t delta) {
  for (const int width : {1, 2, 4})
    if (std::abs(delta) < std::int64_t{1} << (8 * width - 1)) return width;
  return 8;
}

template <class T>
Bytes encode(const std::vector<T>& pixels, Codes codes, Random& random) {
  Bytes bytes;
  std::int64_t before = 0;
  for (const T pixel : pixels) {
    const std::int64_t delta = static_cast<std::int64_t>(pixel) - before;
    int width = narrowest(delta);
    while (codes == Codes::any && width < 8 && random() % 2 == 0) width *= 2;
    append_code(bytes, delta, width);
    before = pixel;
  }
  return bytes;
}

/// A rule, in host memory for the oracle.
template <class W>
struct Rule {
  ValidRange<W> valid;
  W saturation;
  std::vector<std::uint8_t> mask;
  std::vector<W> clip;
};

template <class T>
Rule<WorkType<T>> draw_rule(const Case& c, Random& random) {
  using W = WorkType<T>;
  Rule<W> rule{valid_range<T>({}), std::numeric_limits<W>::max(), {}, {}};
  if (c.low_saturation) rule.saturation = static_cast<W>(std::numeric_limits<T>::max() / 3);
  for (std::int64_t i = 0; c.mask && i < c.extent.pixels(); ++i)
    rule.mask.push_back(random() % 5 == 0 ? static_cast<std::uint8_t>(1 + random() % 255) : 0);
  for (std::size_t i = 0; c.clip && i < c.frames; ++i)
    rule.clip.push_back(static_cast<W>(2 + random() % 60));
  return rule;
}

/// The frame as it is reduced: masked, then clipped.
template <class T>
oracle::Frame<WorkType<T>> ruled(const std::vector<T>& pixels, const Case& c,
                                 const Rule<WorkType<T>>& rule, std::size_t number) {
  using W = WorkType<T>;
  oracle::Frame<W> frame;
  frame.width = c.extent.width;
  frame.height = c.extent.height;
  frame.lowest = rule.valid.lowest;
  frame.highest = rule.valid.highest;
  frame.saturation = rule.saturation;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    auto pixel = static_cast<W>(pixels[i]);
    const bool valid = pixel >= rule.valid.lowest && pixel <= rule.valid.highest;
    if (!rule.clip.empty() && valid) pixel = std::min(pixel, rule.clip[number]);
    if (!rule.mask.empty() && rule.mask[i] != 0) pixel = -1;
    frame.pixels.push_back(pixel);
  }
  return frame;
}

/// What reduce_streams makes of streams, in memory of the exact size.
template <class W>
DeviceReduced<W> reduce_on_device(const DeviceStreams& streams, const Rule<W>& rule,
                                  const ReduceSpec& spec) {
  const kernels::cuda::StreamBatch& batch = streams.batch();
  const DeviceArray<std::uint8_t> mask(rule.mask);
  const DeviceArray<W> clip(rule.clip);
  DeviceReduced<W> out(batch.frames, batch.extent, spec);
  const DeviceArray<std::uint8_t> scratch(
      kernels::cuda::stream_reduce_bytes(batch.frames, batch.type, batch.extent, spec), 0xa5);
  kernels::cuda::reduce_streams<W>(batch, streams.index(),
                                   {rule.valid, rule.saturation, mask.get(), clip.get()}, spec,
                                   out.planes(), scratch.get(), nullptr);
  kernels::cuda::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  return out;
}

template <class T>
void check_type(const Case& c, Random& random) {
  using W = WorkType<T>;
  const Rule<W> rule = draw_rule<T>(c, random);
  std::vector<Bytes> streams;
  std::vector<oracle::Answer> answers;
  for (std::size_t i = 0; i < c.frames; ++i) {
    const std::vector<T> pixels = draw_frame<T>(c.extent, c.kind, random);
    streams.push_back(encode(pixels, c.codes, random));
    answers.push_back(reduced_by_oracle(ruled<T>(pixels, c, rule, i), c.spec));
  }
  const DeviceStreams on_device(streams, pixel_type_of<T>(), c.extent);
  reduce_on_device<W>(on_device, rule, c.spec).expect(answers);
  for (const auto& verdict : on_device.verdicts()) {
    EXPECT_EQ(verdict.bad, 0u);
    EXPECT_EQ(verdict.wrapped, kernels::cuda::no_pixel);
  }
}

/// False when reduce_streams cannot make it.
bool check(PixelType type, const Case& c, std::uint64_t seed) {
  SCOPED_TRACE(describe_case(type, c) + " seed " + std::to_string(seed));
  if (!kernels::cuda::can_reduce_streams(type, c.extent, c.spec)) return false;
  Random random(seed);
  visit_type(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 4) check_type<T>(c, random);
  });
  return true;
}

template <class Container>
auto pick(const Container& choices, Random& random) {
  return choices[random() % std::size(choices)];
}

ReduceSpec draw_spec(Random& random) {
  constexpr std::int32_t factors[] = {2, 3, 4, 5, 7, 10, 13, 16, 17, 31, 40, 2147483647};
  constexpr std::int32_t windows[] = {1, 2, 3, 5, 9, 10, 11, 13, 20, 23, 50, 2147483647};
  const std::int32_t factor = pick(factors, random);
  if (random() % 2 == 0) return pick(block_specs(factor), random);
  return pick(dilate_specs(factor, pick(windows, random)), random);
}

Case draw_case(Random& random) {
  constexpr Extent extents[] = {{1, 1},   {1, 67},  {67, 1},  {15, 40},  {16, 16}, {17, 9},
                                {31, 33}, {33, 31}, {53, 47}, {101, 61}, {7, 300}, {300, 7}};
  constexpr Kind kinds[] = {Kind::quiet, Kind::spots, Kind::wild, Kind::masked};
  constexpr std::size_t frames[] = {1, 1, 3};
  return {.extent = pick(extents, random),
          .spec = draw_spec(random),
          .frames = pick(frames, random),
          .kind = pick(kinds, random),
          .codes = random() % 3 == 0 ? Codes::any : Codes::shortest,
          .mask = random() % 2 == 0,
          .clip = random() % 3 == 0,
          .low_saturation = random() % 2 == 0};
}

TEST(StreamReduce, RandomCasesEqualTheOracle) {
  int made = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const Case c = draw_case(random);
    made += check(pick(stream_types, random), c, seed) ? 1 : 0;
    if (HasFailure()) return;
  }
  EXPECT_EQ(made, 400);
}

TEST(StreamReduce, EveryFactorEqualsTheOracle) {
  for (std::int32_t factor = 2; factor <= 40; ++factor) {
    const std::vector<ReduceSpec> specs = block_specs(factor);
    const auto first = static_cast<std::size_t>(factor);
    for (const std::size_t i : {first, first + 3})  // every operation, as the factor grows
      ASSERT_TRUE(check(PixelType::i32,
                        {.extent = {83, 45}, .spec = specs[i % specs.size()], .mask = true}, 7));
  }
}

TEST(StreamReduce, EveryWindowEqualsTheOracle) {
  for (std::int32_t window = 1; window <= 50; ++window)
    ASSERT_TRUE(check(
        PixelType::i32,
        {.extent = {83, 45}, .spec = dilate_specs(10, window)[window / 2 % 2], .mask = true}, 8));
}

/// Several tiles a band, several bands a frame, cells cut by the height of a band.
TEST(StreamReduce, FramesOfManyTilesEqualTheOracle) {
  const auto check_all = [](PixelType type, Extent extent, std::int32_t factor,
                            std::int32_t window) {
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::mean})
      ASSERT_TRUE(check(type, {.extent = extent, .spec = {.op = op, .factor = factor}}, 9));
    for (const ReduceSpec& spec : dilate_specs(factor, window))
      ASSERT_TRUE(check(type, {.extent = extent, .spec = spec, .low_saturation = true}, 10));
  };
  check_all(PixelType::i32, {487, 195}, 10, 10);
  check_all(PixelType::u16, {2463, 31}, 3, 4);
  check_all(PixelType::u32, {5003, 23}, 9, 13);
  check_all(PixelType::i32, {1030, 130}, 100, 250);
}

TEST(StreamReduce, EscapesEverywhereEqualTheOracle) {
  for (const PixelType type : stream_types)
    for (const Kind kind : {Kind::quiet, Kind::wild})
      for (const ReduceSpec& spec : dilate_specs(4, 9))
        ASSERT_TRUE(check(
            type, {.extent = {331, 29}, .spec = spec, .kind = kind, .codes = Codes::any}, 11));
}

TEST(StreamReduce, AnyNumberOfFramesEqualsTheOracle) {
  for (const std::size_t frames : {7, 64})
    for (const ReduceSpec& spec : dilate_specs(5, 7))
      ASSERT_TRUE(check(
          PixelType::i16,
          {.extent = {61, 43}, .spec = spec, .frames = frames, .mask = true, .clip = true}, 12));
}

/// Sums that no 32 bits hold.
TEST(StreamReduce, LargeSumsAreExact) {
  const Extent extent{90, 80};
  const std::vector<std::int32_t> pixels(90 * 80, std::numeric_limits<std::int32_t>::max());
  Random random(1);
  const DeviceStreams streams({encode(pixels, Codes::shortest, random)}, PixelType::i32, extent);
  const Case c{.extent = extent};
  const Rule<std::int32_t> rule{valid_range<std::int32_t>({}), 5, {}, {}};
  for (const ReduceSpec& spec : block_specs(40))
    reduce_on_device(streams, rule, spec)
        .expect({reduced_by_oracle(ruled<std::int32_t>(pixels, c, rule, 0), spec)});
}

/// All pixels are looked at, also those between windows: what is wrong with a stream is told, and
/// its neighbours in the batch are right.
TEST(StreamReduce, VerdictsAreThoseOfTheWholeStream) {
  const Extent extent{40, 30};
  Random random(2);
  const auto pixels = draw_frame<std::int16_t>(extent, Kind::quiet, random);
  const Bytes good = encode(pixels, Codes::shortest, random);
  Bytes cut = good, large(good.size(), 0x7f);
  cut.pop_back();
  const DeviceStreams streams({good, cut, large, good}, PixelType::i16, extent);
  const ReduceSpec spec{.op = ReduceOp::dilate, .factor = 20, .window = 1};
  const Rule<std::int32_t> rule{valid_range<std::int16_t>({}), 100, {}, {}};
  const auto out = reduce_on_device(streams, rule, spec);
  const auto verdicts = streams.verdicts();
  EXPECT_EQ(verdicts[0].bad, 0u);
  EXPECT_NE(verdicts[1].bad, 0u);
  EXPECT_NE(verdicts[2].bad, 0u);
  EXPECT_EQ(verdicts[3].bad, 0u);
  out.expect_frame(
      0, reduced_by_oracle(ruled<std::int16_t>(pixels, {.extent = extent}, rule, 0), spec));
  out.expect_frame(
      3, reduced_by_oracle(ruled<std::int16_t>(pixels, {.extent = extent}, rule, 0), spec));
}

TEST(StreamReduce, WrappedSumsAreToldAlsoOutsideOfWindows) {
  const Extent extent{40, 30};
  Bytes bytes;
  for (std::size_t i = 0; i < 1200; ++i)
    append_code(bytes, i == 0 || i == 777 ? 0x7fffffff : 0, i == 0 || i == 777 ? 4 : 1);
  const DeviceStreams streams({bytes}, PixelType::i32, extent);
  const Rule<std::int32_t> rule{valid_range<std::int32_t>({}), 100, {}, {}};
  (void)reduce_on_device(streams, rule, {.op = ReduceOp::dilate, .factor = 20, .window = 1});
  EXPECT_EQ(streams.verdicts()[0].wrapped, 777u);
  EXPECT_EQ(streams.verdicts()[0].bad, 0u);
}

TEST(StreamReduce, SaysWhatItCannotMake) {
  using kernels::cuda::can_reduce_streams;
  const Extent pilatus{2463, 2527}, eiger{4150, 4371};
  const ReduceSpec max10{.op = ReduceOp::max, .factor = 10};
  EXPECT_TRUE(can_reduce_streams(PixelType::i32, pilatus, max10));
  EXPECT_TRUE(can_reduce_streams(PixelType::u32, eiger, max10));
  EXPECT_TRUE(can_reduce_streams(PixelType::i32, pilatus, {.op = ReduceOp::mean, .factor = 2}));
  EXPECT_TRUE(can_reduce_streams(PixelType::i32, pilatus,
                                 {.op = ReduceOp::dilate, .factor = 10, .window = 10}));
  EXPECT_TRUE(can_reduce_streams(PixelType::u32, eiger, {.op = ReduceOp::mean, .factor = 2}));
  EXPECT_FALSE(
      can_reduce_streams(PixelType::u32, {5000, 4371}, {.op = ReduceOp::mean, .factor = 2}));
  EXPECT_FALSE(can_reduce_streams(PixelType::i32, pilatus, {.op = ReduceOp::max, .factor = 1}));
  EXPECT_FALSE(can_reduce_streams(PixelType::i32, pilatus,
                                  {.op = ReduceOp::dilate, .factor = 1, .window = 10}));
  EXPECT_FALSE(can_reduce_streams(PixelType::f32, pilatus, max10));
  EXPECT_FALSE(can_reduce_streams(PixelType::u64, pilatus, max10));
  EXPECT_FALSE(can_reduce_streams(PixelType::i32, {0, 7}, max10));
  EXPECT_FALSE(can_reduce_streams(PixelType::i32, {(1 << 30) + 1, 1},
                                  {.op = ReduceOp::max, .factor = 1 << 20}));
  EXPECT_FALSE(
      can_reduce_streams(PixelType::i32, {1 << 30, 2}, {.op = ReduceOp::max, .factor = 1 << 20}));
  EXPECT_TRUE(
      can_reduce_streams(PixelType::i32, {1 << 30, 1}, {.op = ReduceOp::max, .factor = 1 << 20}));
}

}  // namespace
}  // namespace quickbeam::tests
