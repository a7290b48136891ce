// SPDX-License-Identifier: BSD-3-Clause
// The engine on a GPU against the engine on the CPU: every number and every picture equal.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <quickbeam/files.hpp>
#include <quickbeam/thumbnails.hpp>

#include "host/src/device_health.hpp"
#include "tests/cuda/engine_frames.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/host/temporary_folder.hpp"

namespace quickbeam::tests {
namespace {

constexpr Extent small{53, 41};

class Engine : public ::testing::Test {
 protected:
  void SetUp() override { forget_device_health(); }
  void TearDown() override { forget_device_health(); }
};

template <class T>
std::vector<TestFrame<T>> frames_of(Extent extent, std::size_t count, Stored stored) {
  std::vector<TestFrame<T>> frames;
  for (std::size_t i = 0; i < count; ++i)
    frames.emplace_back(extent, static_cast<std::uint32_t>(test_seed(i + 1)), stored);
  return frames;
}

/// `backend`: where it has to be done, "" where that does not matter.
template <class T>
void expect_cpu_results_of(const Recipe& recipe, Stored stored, std::size_t count,
                           Extent extent = small, const char* backend = "cuda") {
  const auto frames = frames_of<T>(extent, count, stored);
  const Batch batch = batch_of(frames, static_cast<std::size_t>(recipe.sum_frames));
  for (const bool keep_reduced : {true, false}) {
    SCOPED_TRACE(keep_reduced ? "fetched" : "on the device");
    const std::string notices =
        expect_cpu_results(recipe, batch, choose_device("cuda"), keep_reduced, backend);
    EXPECT_EQ(notices, "");
  }
}

std::vector<Recipe> every_reduction() {
  std::vector<Recipe> recipes;
  const auto add = [&](const ReduceSpec& spec) { recipes.emplace_back().reduce = spec; };
  for (const int factor : {1, 4, 7})
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::mean})
      add({.op = op, .factor = factor, .edge = factor == 7 ? Edge::partial : Edge::crop});
  add({.op = ReduceOp::sum, .factor = 5, .sum_scale = SumScale::valid_fraction});
  for (const int factor : {1, 4}) add({.op = ReduceOp::dilate, .factor = factor, .window = 4});
  add({.op = ReduceOp::dilate, .factor = 3, .window = 8, .restore = MaskRestore::no});
  for (Recipe& recipe : recipes) recipe.pictures = {{PictureFormat::png, 0, 0, ".png"}};
  return recipes;
}

TEST_F(Engine, EveryReductionOfEveryEncoding) {
  for (const Recipe& recipe : every_reduction()) {
    SCOPED_TRACE(::testing::Message() << "op " << static_cast<int>(recipe.reduce.op) << " factor "
                                      << recipe.reduce.factor);
    expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 3);
    expect_cpu_results_of<std::int32_t>(recipe, Stored::raw, 2);
    expect_cpu_results_of<std::uint16_t>(recipe, Stored::stream, 2);
    expect_cpu_results_of<float>(recipe, Stored::raw_big, 2);
  }
}

TEST_F(Engine, EveryStoredType) {
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::mean, .factor = 3};
  const auto both = [&]<class T>(T) {
    SCOPED_TRACE(name_of(pixel_type_of<T>()));
    expect_cpu_results_of<T>(recipe, Stored::raw, 2);
    expect_cpu_results_of<T>(recipe, Stored::raw_big, 1);
    // Masked u64 pixels are at the top of the type, and the sums wrap there: the CPU's.
    const char* const backend = std::is_same_v<T, std::uint64_t> ? "" : "cuda";
    if constexpr (std::is_integral_v<T>)
      expect_cpu_results_of<T>(recipe, Stored::stream, 2, small, backend);
  };
  both(std::int8_t{}), both(std::uint8_t{}), both(std::int16_t{}), both(std::uint16_t{});
  both(std::int32_t{}), both(std::uint32_t{}), both(std::int64_t{}), both(std::uint64_t{});
  both(float{}), both(double{});
}

TEST_F(Engine, SumsOfFramesWithAShortGroupAtTheEnd) {
  for (const ReduceOp op : {ReduceOp::max, ReduceOp::sum, ReduceOp::mean, ReduceOp::dilate}) {
    Recipe recipe;
    recipe.reduce = {.op = op, .factor = 4, .window = 6};
    recipe.sum_frames = 3;
    expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 8);
    expect_cpu_results_of<std::uint32_t>(recipe, Stored::raw, 7);
    expect_cpu_results_of<float>(recipe, Stored::raw, 4);
  }
}

TEST_F(Engine, CutsAndLevelsFromRawHistograms) {
  for (const char* const levels : {"raw-pct:5,99", "dials:60", "pct:1,99", "sigma:2", "range:0,50"})
    for (const char* const clip : {"", "raw-pct:0,95"}) {
      SCOPED_TRACE(::testing::Message() << levels << " clip " << clip);
      Recipe recipe;
      recipe.reduce = {.op = ReduceOp::max, .factor = 4};
      recipe.levels = parse_levels(levels);
      if (*clip != '\0') recipe.clip = parse_levels(clip);
      expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 2);
      expect_cpu_results_of<std::int16_t>(recipe, Stored::raw, 2);
      recipe.sum_frames = 2;
      expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 5);
    }
}

TEST_F(Engine, EveryPreset) {
  for (const auto name : preset_names()) {
    SCOPED_TRACE(name);
    expect_cpu_results_of<std::int32_t>(preset(name), Stored::stream, 3, {97, 61});
  }
}

TEST_F(Engine, AMaskOfTheUser) {
  Image mask(PixelType::u8, small);
  for (std::int64_t i = 0; i < small.pixels(); ++i)
    mask.as<std::uint8_t>().data[i] = i % 7 == 0 || (i / small.width > 9 && i / small.width < 22);
  for (const Recipe& recipe : every_reduction())
    for (const Stored stored : {Stored::stream, Stored::raw}) {
      const auto frames = frames_of<std::int32_t>(small, 2, stored);
      expect_cpu_results(recipe, batch_of(frames), choose_device("cuda"), true, "cuda", &mask);
    }
}

TEST_F(Engine, AwkwardSizes) {
  Recipe recipe;
  for (const Extent extent : {Extent{1, 1}, Extent{1, 31}, Extent{33, 1}, Extent{31, 33},
                              Extent{127, 131}, Extent{4099, 3}}) {
    SCOPED_TRACE(::testing::Message() << extent.width << " x " << extent.height);
    for (const int factor : {1, 2, 31}) {
      recipe.reduce = {.op = ReduceOp::max, .factor = factor, .edge = Edge::partial};
      expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 2, extent);
      recipe.reduce = {.op = ReduceOp::dilate, .factor = factor, .window = 10};
      expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, 2, extent);
    }
  }
}

TEST_F(Engine, BatchesOfAnySizeAreEqual) {
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::max, .factor = 4};
  for (const std::size_t count : {1, 7, 64})
    expect_cpu_results_of<std::int32_t>(recipe, Stored::stream, count);
}

TEST_F(Engine, MixedEncodingsInOneBatch) {
  std::vector<TestFrame<std::int32_t>> frames;
  for (const Stored stored : {Stored::stream, Stored::raw, Stored::raw_big, Stored::stream})
    frames.emplace_back(small, 5, stored);
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::max, .factor = 4};
  for (const bool keep : {true, false})
    expect_cpu_results(recipe, batch_of(frames), choose_device("cuda"), keep);
}

TEST_F(Engine, BrokenFramesHaveTheCpusErrorAndHarmNoNeighbour) {
  std::vector<TestFrame<std::int32_t>>
      frames;  // known ones: a drawn first byte may be 0x80 already
  for (std::uint32_t i = 1; i <= 6; ++i) frames.emplace_back(small, i, Stored::stream);
  frames[1].shorten(1);
  frames[3].bytes()[0] = std::byte{0x80};  // its first code now swallows others
  frames[5].shorten(frames[5].bytes().size());
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::max, .factor = 4};
  const Batch batch = batch_of(frames);
  expect_cpu_results(recipe, batch, choose_device("cuda"), false);
  Plan plan(recipe, {.type = PixelType::i32, .extent = small, .count_cutoff = 500},
            choose_device("cuda"), nullptr);
  plan.reduce_batch(batch.spans());
  for (const std::size_t i : {1, 3, 5}) EXPECT_TRUE(plan.outcome(i).error) << i;
  for (const std::size_t i : {0, 2, 4}) EXPECT_FALSE(plan.outcome(i).error) << i;
  auto raw = frames_of<std::int32_t>(small, 3, Stored::raw);
  raw[1].shorten(4);
  expect_cpu_results(recipe, batch_of(raw), choose_device("cuda"), true);
}

TEST_F(Engine, WrappedSumsAreNoticedAtTheSamePixel) {
  std::vector<std::int32_t> pixels(static_cast<std::size_t>(small.pixels()), 5);
  pixels[700] = INT32_MAX;
  TestFrame<std::int32_t> frame(small, pixels, Stored::stream);
  // The code behind the highest value becomes one that adds: the sum leaves the type.
  const auto bytes = frame.bytes();
  for (std::size_t i = 0; i + 16 < bytes.size(); ++i)
    if (bytes[i] == std::byte{0x80} && i > 703) {
      bytes[i + 6] = std::byte{0x7f};
      break;
    }
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::max, .factor = 4};
  std::vector<TestFrame<std::int32_t>> frames;
  frames.push_back(std::move(frame));
  const Batch batch = batch_of(frames);
  expect_cpu_results(recipe, batch, choose_device("cuda"), true);
  Plan plan(recipe, {.type = PixelType::i32, .extent = small}, choose_device("cuda"), nullptr);
  EXPECT_TRUE(plan.reduce(batch.groups[0]).wrapped_pixel);
}

TEST_F(Engine, AHundredRepeatsAreBitEqual) {
  const auto frames = frames_of<std::int32_t>(small, 3, Stored::stream);
  const Batch batch = batch_of(frames);
  Recipe recipe;
  recipe.reduce = {.op = ReduceOp::dilate, .factor = 4, .window = 6};
  const FrameLayout layout{.type = PixelType::i32, .extent = small};
  Plan once(recipe, layout, choose_device("cuda"), nullptr);
  once.reduce_batch(batch.spans());
  once.render_batch(levels_of(once, 3));
  Plan again(recipe, layout, choose_device("cuda"), nullptr);
  for (int turn = 0; turn < 100; ++turn) {
    again.reduce_batch(batch.spans());
    again.render_batch(levels_of(again, 3));
    for (std::size_t i = 0; i < 3; ++i) expect_same(once, i, again, i, recipe, true);
    ASSERT_FALSE(HasFailure()) << turn;
  }
}

/// Small CBF files and one that is broken.
std::vector<std::string> write_files(const test::TemporaryFolder& folder, std::size_t count) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) {
    const TestFrame<std::int32_t> frame({97, 61}, static_cast<std::uint32_t>(i), Stored::raw);
    paths.push_back(folder / ("f_" + std::to_string(i) + ".cbf"));
    save_cbf(paths.back(),
             {PixelType::i32, const_cast<std::byte*>(frame.payload().bytes.data()), {97, 61}},
             {.count_cutoff = 500.0});
  }
  return paths;
}

std::string contents_of(const std::vector<ThumbnailResult>& results) {
  std::string all;
  for (const auto& result : results) {
    if (result.error) all += to_string(*result.error) + "\n";
    for (const auto& output : result.outputs) all += test::read_text(output.path);
  }
  return all;
}

std::vector<ThumbnailResult> make_files(const std::vector<std::string>& inputs,
                                        const Recipe& recipe, const std::string& target,
                                        const std::string& device, unsigned threads) {
  std::vector<ThumbnailResult> results;
  ThumbnailJob job;
  job.recipe = recipe;
  job.inputs = inputs;
  job.output = target;
  job.device = choose_device(device);
  job.threads = threads;
  make_thumbnails(job, [&](const ThumbnailResult& result) { results.push_back(result); });
  return results;
}

TEST_F(Engine, FilesAreByteIdentical) {
  const test::TemporaryFolder folder;
  const auto inputs = write_files(folder, 23);
  std::filesystem::resize_file(inputs[4], 2000);
  for (const auto name : preset_names()) {
    SCOPED_TRACE(name);
    const auto on_cpu = make_files(inputs, preset(name), folder / "cpu", "cpu", 2);
    for (const unsigned threads : {1u, 4u}) {
      const auto on_gpu = make_files(inputs, preset(name), folder / "gpu", "cuda", threads);
      ASSERT_EQ(on_gpu.size(), on_cpu.size());
      EXPECT_EQ(contents_of(on_gpu), contents_of(on_cpu));
      for (std::size_t i = 0; i < on_gpu.size(); ++i) {
        EXPECT_EQ(on_gpu[i].input, inputs[i]);
        EXPECT_EQ(on_gpu[i].error.has_value(), i == 4);
        EXPECT_EQ(on_gpu[i].backend, i == 4 ? "" : "cuda");
      }
    }
  }
}

}  // namespace
}  // namespace quickbeam::tests
