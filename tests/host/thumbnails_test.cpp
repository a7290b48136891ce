// SPDX-License-Identifier: BSD-3-Clause
// Files in, pictures and numbers out: the whole engine on small generated frames.
#include <gtest/gtest.h>

#include <algorithm>

#include <quickbeam/files.hpp>
#include <quickbeam/thumbnails.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::TemporaryFolder;

constexpr std::int64_t width = 37, height = 23;

/// A frame with a gap (-1), a bad pixel (-2), noise, and one bright spot that moves with `k`.
Image make_frame(int k) {
  Image image(PixelType::i32, {width, height});
  const auto pixels = image.as<std::int32_t>();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      pixels(x, y) = x / 5 == 3 ? -1 : static_cast<std::int32_t>((x * 7 + y * 13 + k) % 4);
  pixels(2, 2) = -2;
  pixels(20 + k, 10) = 500 + k;
  return image;
}

std::vector<std::string> write_frames(const TemporaryFolder& folder, int count) {
  std::vector<std::string> paths;
  for (int k = 0; k < count; ++k) {
    paths.push_back(folder / ("f_" + std::to_string(k) + ".cbf"));
    save_cbf(paths.back(), make_frame(k).const_view(), {.count_cutoff = 100000.0});
  }
  return paths;
}

/// Runs a job and collects its results.
std::vector<ThumbnailResult> run(const ThumbnailJob& job) {
  std::vector<ThumbnailResult> results;
  make_thumbnails(job, [&](const ThumbnailResult& r) { results.push_back(r); });
  return results;
}

ThumbnailJob make_job(std::vector<std::string> inputs, std::string output) {
  ThumbnailJob job;
  job.inputs = std::move(inputs);
  job.output = std::move(output);
  job.device = choose_device("cpu");
  return job;
}

/// The integers of an .npy file, through the engine's own reader.
template <class T>
std::vector<T> npy_values(const std::string& path) {
  const LoadedImage image = load_image({path, {}});
  EXPECT_EQ(image.pixels.type(), pixel_type_of<T>());
  const auto view = image.pixels.as<T>();
  return {view.data, view.data + view.extent.pixels()};
}

/// Naive sums of factor x factor blocks over frames 0 .. count-1; masked = -1.
std::vector<std::int64_t> naive_sums(int factor, int count) {
  std::vector<std::int64_t> out;
  for (std::int64_t y = 0; y + factor <= height; y += factor)
    for (std::int64_t x = 0; x + factor <= width; x += factor) {
      std::int64_t sum = 0, valid = 0;
      for (std::int64_t j = y; j < y + factor; ++j)
        for (std::int64_t i = x; i < x + factor; ++i) {
          std::int64_t pixel = 0;
          bool masked = false;
          for (int k = 0; k < count; ++k) {
            const std::int32_t v = make_frame(k).as<std::int32_t>()(i, j);
            masked = masked || v < 0;
            pixel += v;
          }
          if (!masked) sum += pixel, ++valid;
        }
      out.push_back(valid == 0 ? -1 : sum);
    }
  return out;
}

TEST(Thumbnails, EveryPresetMakesItsPictures) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 1);
  for (const auto name : preset_names()) {
    SCOPED_TRACE(name);
    ThumbnailJob job = make_job(inputs, folder / name);
    job.recipe = preset(name);
    const auto results = run(job);
    ASSERT_EQ(results.size(), 1u);
    ASSERT_FALSE(results[0].error) << to_string(*results[0].error);
    ASSERT_EQ(results[0].outputs.size(), job.recipe.pictures.size());
    for (const auto& output : results[0].outputs) {
      const std::string bytes = test::read_text(output.path);
      EXPECT_EQ(bytes.size(), output.bytes);
      EXPECT_EQ(bytes.substr(0, 2), job.recipe.pictures[0].format == PictureFormat::png
                                        ? std::string("\x89P")
                                        : std::string("\xff\xd8"));
    }
  }
}

TEST(Thumbnails, NumericSumsEqualTheNaiveOnes) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 6);
  for (const int added : {1, 2, 3}) {
    SCOPED_TRACE(added);
    ThumbnailJob job = make_job(inputs, folder / "out");
    set_option(job.recipe, "reduce", "sum");
    set_option(job.recipe, "factor", "5");
    set_option(job.recipe, "sum", std::to_string(added));
    job.numeric = folder / ("sum" + std::to_string(added) + "_{stem}.npy");
    const auto results = run(job);
    ASSERT_EQ(results.size(), 6u / added);
    ASSERT_FALSE(results[0].error) << to_string(*results[0].error);
    EXPECT_EQ(npy_values<std::int64_t>(folder / ("sum" + std::to_string(added) + "_f_0.npy")),
              naive_sums(5, added));
  }
}

TEST(Thumbnails, TheUserMaskIsMasked) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 1);
  Image mask(PixelType::u8, {width, height});
  std::fill_n(mask.as<std::uint8_t>().data, width * height, std::uint8_t{0});
  mask.as<std::uint8_t>()(20, 10) = 1;  // the bright spot
  save_cbf(folder / "mask.cbf", mask.const_view(), {});
  ThumbnailJob job = make_job(inputs, folder / "out");
  set_option(job.recipe, "factor", "4");
  EXPECT_EQ(run(job)[0].numbers.highest, 500);
  job.mask = folder / "mask.cbf";
  EXPECT_EQ(run(job)[0].numbers.highest, 3);
}

TEST(Thumbnails, SaturatedPixelsAreCountedAndLeftOutOfLevels) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 1);
  ThumbnailJob job = make_job(inputs, folder / "out");
  set_option(job.recipe, "factor", "4");
  set_option(job.recipe, "saturation", "400");
  const auto result = run(job)[0];
  EXPECT_EQ(result.numbers.saturated, 1);
  EXPECT_EQ(result.numbers.highest, 3);
}

TEST(Thumbnails, ACollectionCanShareOneScale) {
  TemporaryFolder folder;
  ThumbnailJob job = make_job(write_frames(folder, 5), folder / "out");
  set_option(job.recipe, "levels", "pct:0,100");
  set_option(job.recipe, "factor", "4");
  double expected = 500;
  for (const auto& r : run(job)) EXPECT_EQ(r.levels.high, expected++);
  set_option(job.recipe, "levels-from", "collection");
  for (const auto& r : run(job)) EXPECT_EQ(r.levels.high, 504.0);
}

TEST(Thumbnails, ABadFileIsAResultAndTheRestGoesOn) {
  TemporaryFolder folder;
  auto inputs = write_frames(folder, 4);
  const std::string whole = test::read_text(inputs[1]);
  test::write_text(inputs[1], std::string_view(whole).substr(0, whole.size() / 2));
  inputs[2] = folder / "absent.cbf";
  ThumbnailJob job = make_job(inputs, folder / "out");
  const auto results = run(job);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_FALSE(results[0].error);
  ASSERT_TRUE(results[1].error);
  EXPECT_EQ(results[1].error->code, ErrorCode::truncated);
  EXPECT_EQ(results[1].error->path, inputs[1]);
  ASSERT_TRUE(results[2].error);
  EXPECT_EQ(results[2].error->code, ErrorCode::not_found);
  EXPECT_FALSE(results[3].error);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/f_1.png"));

  job.on_failure = OnFailure::stop;
  job.threads = 1;
  std::vector<ThumbnailResult> seen;
  const auto summary = make_thumbnails(job, [&](const ThumbnailResult& r) { seen.push_back(r); });
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.failed, 1);
  EXPECT_EQ(seen.size(), 2u);
}

TEST(Thumbnails, AFaultInTheDataIsLocatedInTheFile) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';  // the stream now ends inside an escape
  const std::string bytes = parts.bytes();
  test::write_text(folder / "bad.cbf", bytes);
  const auto result = run(make_job({folder / "bad.cbf"}, folder / "out"))[0];
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::bad_stream);
  const auto payload = bytes.find(parts.section().data);
  EXPECT_GE(*result.error->offset, payload);
  EXPECT_LE(*result.error->offset, payload + parts.section().data.size());
}

TEST(Thumbnails, FramesOfOneFileAreNumbered) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.sections.push_back(parts.section());
  test::write_text(folder / "two.cbf", parts.bytes());
  ThumbnailJob job = make_job({folder / "two.cbf"}, folder / "out");
  const auto results = run(job);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].outputs[0].path, folder / "out/two_0002.png");
  EXPECT_FALSE(results[0].last_of_input);
  EXPECT_TRUE(results[1].last_of_input);
}

TEST(Thumbnails, ANumberedNameNeverTakesThatOfAnotherInput) {
  TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  test::write_text(folder / "a_0002.cbf", parts.bytes());
  parts.sections.push_back(parts.section());
  test::write_text(folder / "a.cbf", parts.bytes());
  const auto results = run(make_job({folder / "a.cbf", folder / "a_0002.cbf"}, folder / "out"));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_FALSE(results[0].error);
  ASSERT_TRUE(results[1].error);
  EXPECT_EQ(results[1].error->code, ErrorCode::inconsistent);
  EXPECT_FALSE(results[2].error);
}

TEST(Thumbnails, RawLevelsOfASumAreThoseOfTheSum) {
  TemporaryFolder folder;
  ThumbnailJob job = make_job(write_frames(folder, 3), folder / "out");
  set_option(job.recipe, "levels", "raw-pct:0,100");
  set_option(job.recipe, "saturation", "none");
  set_option(job.recipe, "sum", "3");
  // Each spot lies on background in the two other frames.
  std::int64_t expected = 0;
  for (std::int64_t x = 20; x < 23; ++x) {
    std::int64_t sum = 0;
    for (int k = 0; k < 3; ++k) sum += make_frame(k).as<std::int32_t>()(x, 10);
    expected = std::max(expected, sum);
  }
  EXPECT_EQ(run(job)[0].levels.high, static_cast<double>(expected));
}

TEST(Thumbnails, TheSuffixOfATargetDecidesTheFormat) {
  TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg", "a.jpeg"}) {
    ThumbnailJob job = make_job(write_frames(folder, 1), folder / name);
    EXPECT_FALSE(run(job)[0].error);
    EXPECT_EQ(test::read_text(folder / name).substr(0, 2),
              std::string_view(name).ends_with("png") ? "\x89P" : "\xff\xd8");
  }
}

TEST(Thumbnails, PicturesDoNotDependOnThreadsOrOrder) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 9);
  ThumbnailJob job = make_job(inputs, folder / "one");
  job.threads = 1;
  const auto alone = run(job);
  job.output = folder / "many";
  job.threads = 4;
  std::reverse(job.inputs.begin(), job.inputs.end());
  auto together = run(job);
  std::reverse(together.begin(), together.end());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_EQ(alone[i].outputs[0].crc32, together[i].outputs[0].crc32);
}

TEST(Thumbnails, OutputsThatCollideAreRefusedBeforeAnyWork) {
  TemporaryFolder folder;
  const auto inputs = write_frames(folder, 2);
  const auto code_of = [&](const ThumbnailJob& job) {
    try {
      make_thumbnails(job, [](const ThumbnailResult&) { ADD_FAILURE() << "work was begun"; });
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::unsupported;
  };
  EXPECT_EQ(code_of(make_job(inputs, folder / "same.png")), ErrorCode::inconsistent);
  EXPECT_EQ(code_of(make_job({inputs[0], inputs[0]}, folder / "out")), ErrorCode::inconsistent);
  std::filesystem::create_hard_link(inputs[0], folder / "f_0.png");
  EXPECT_EQ(code_of(make_job({inputs[0]}, folder.path())), ErrorCode::inconsistent);
  test::write_text(folder / "file", "");
  EXPECT_EQ(code_of(make_job(inputs, folder / "file/out")), ErrorCode::io);
}

TEST(Thumbnails, AMaskOfAnotherSizeFailsEachFrame) {
  TemporaryFolder folder;
  ThumbnailJob job = make_job(write_frames(folder, 1), folder / "out");
  save_cbf(folder / "mask.cbf", Image(PixelType::u8, {3, 3}).const_view(), {});
  job.mask = folder / "mask.cbf";
  const auto result = run(job)[0];
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->field, "--mask");
}

}  // namespace
}  // namespace quickbeam
