// SPDX-License-Identifier: BSD-3-Clause
// Drawn sizes, types, recipes and batches through the engine: a GPU's results are the CPU's.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "host/src/device_health.hpp"
#include "kernels/reduce.hpp"
#include "tests/cuda/engine_frames.hpp"
#include "tests/cuda/seed.hpp"

namespace quickbeam::tests {
namespace {

// The emulation is slow: there the sizes only show that the test is right.
#ifdef QUICKBEAM_CUDA_ON_HOST
constexpr std::int64_t longest_side = 90;
constexpr int rounds = 30;
#else
constexpr std::int64_t longest_side = 2600;
constexpr int rounds = 60;
#endif

class RandomEngine : public ::testing::Test {
 protected:
  void SetUp() override { forget_device_health(); }

  template <class Container>
  auto pick(const Container& choices) {
    return choices[random_() % std::size(choices)];
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most - least + 1));
  }
  /// Sides of any length, and often one away from a multiple of 32.
  std::int64_t draw_side() {
    const std::int64_t side = between(1, longest_side);
    return random_() % 2 == 0 ? side : std::max<std::int64_t>(1, side / 32 * 32 + between(-1, 1));
  }
  Recipe draw_recipe();
  template <class T>
  void check();

  std::mt19937_64 random_{test_seed(4711)};
};

Recipe RandomEngine::draw_recipe() {
  constexpr ReduceOp ops[] = {ReduceOp::max,  ReduceOp::min,    ReduceOp::sum,
                              ReduceOp::mean, ReduceOp::dilate, ReduceOp::dilate};
  constexpr int factors[] = {1, 2, 3, 5, 8, 10, 13, 31, 64};
  const char* const levels[] = {"pct:1,99", "raw-pct:5,99", "sigma:2", "range:0,50"};
  Recipe recipe;
  recipe.reduce = {.op = pick(ops),
                   .factor = pick(factors),
                   .window = static_cast<std::int32_t>(between(1, 24)),
                   .edge = random_() % 2 == 0 ? Edge::crop : Edge::partial,
                   .restore = random_() % 2 == 0 ? MaskRestore::yes : MaskRestore::no};
  recipe.sum_frames = random_() % 4 == 0 ? 2 : 1;
  recipe.levels = parse_levels(pick(levels));
  if (random_() % 4 == 0) recipe.clip = parse_levels("raw-pct:0,95");
  return recipe;
}

template <class T>
void RandomEngine::check() {
  constexpr Stored stored[] = {Stored::stream, Stored::raw, Stored::raw_big};
  const Stored how = std::is_floating_point_v<T> ? Stored::raw : pick(stored);
  const Extent extent{draw_side(), draw_side()};
  const Recipe recipe = draw_recipe();
  const auto count = static_cast<std::size_t>(between(1, 5));
  SCOPED_TRACE(::testing::Message()
               << name_of(pixel_type_of<T>()) << " stored " << static_cast<int>(how) << ", "
               << count << " of " << extent.width << " x " << extent.height << " op "
               << static_cast<int>(recipe.reduce.op) << " factor " << recipe.reduce.factor
               << " window " << recipe.reduce.window << " sum of " << recipe.sum_frames);
  std::vector<TestFrame<T>> frames;
  for (std::size_t i = 0; i < count; ++i)
    frames.emplace_back(extent, static_cast<std::uint32_t>(random_()), how);
  const Extent out = kernels::reduced_extent(extent, recipe.reduce);
  if (out.pixels() == 0) return;  // the plan refuses these
  expect_cpu_results(recipe, batch_of(frames, static_cast<std::size_t>(recipe.sum_frames)),
                     choose_device("cuda"), random_() % 2 == 0);
}

TEST_F(RandomEngine, AnythingDrawnEqualsTheCpu) {
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(::testing::Message() << "round " << round << " of seed " << run_seed());
    switch (random_() % 6) {
      case 0:
        check<std::uint16_t>();
        break;
      case 1:
        check<std::uint32_t>();
        break;
      case 2:
        check<float>();
        break;
      case 3:
        check<std::int16_t>();
        break;
      default:
        check<std::int32_t>();
    }
  }
}

}  // namespace
}  // namespace quickbeam::tests
