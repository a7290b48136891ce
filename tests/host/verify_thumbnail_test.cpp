// SPDX-License-Identifier: BSD-3-Clause
#include "host/src/verify_thumbnail.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <quickbeam/verify.hpp>

#include "host/src/backends.hpp"
#include "tests/host/statistics_stacks.hpp"

namespace quickbeam {
namespace {

Image random_image(Extent extent, bool with_nan) {
  Image image(PixelType::f32, extent);
  std::mt19937 random(3);
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    image.as<float>().data[i] = with_nan && random() % 5 == 0
                                    ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(random() % 4001) / 7 - 200;
  return image;
}

TEST(VerifyThumbnail, TheReferenceIsThatOfTheEngineBitForBit) {
  for (const Extent extent : {Extent{64, 64}, {41, 97}, {120, 33}, {5, 3}, {1, 1}})
    for (const bool with_nan : {false, true}) {
      const Image image = random_image(extent, with_nan);
      for (const ThumbnailSpec& spec : verified_thumbnails(extent)) {
        SCOPED_TRACE(testing::Message() << extent.width << " x " << extent.height << " to "
                                        << spec.to.width << " x " << spec.to.height);
        const Image expected = reference_thumbnail(image.const_view(), spec);
        ThumbnailSubject subject({&cpu_backend(), {0}, {}}, spec);
        std::string_view where;
        std::string notice;
        const Image found = subject.make(image.const_view(), where, notice);
        EXPECT_EQ(where, "cpu");
        EXPECT_EQ(notice, "");
        ASSERT_EQ(found.extent(), expected.extent());
        for (std::int64_t i = 0; i < spec.to.pixels(); ++i) {
          const float a = expected.as<float>().data[i], b = found.as<float>().data[i];
          ASSERT_EQ(std::isnan(a), std::isnan(b)) << i;
          if (!std::isnan(a)) {
            ASSERT_EQ(std::bit_cast<std::uint32_t>(a), std::bit_cast<std::uint32_t>(b)) << i;
          }
        }
      }
    }
}

TEST(VerifyThumbnail, AFlatImageStaysFlat) {
  Image image(PixelType::f32, {40, 40});
  std::fill_n(image.as<float>().data, 1600, 3.5F);
  const Image small = reference_thumbnail(image.const_view(), verified_thumbnails({40, 40})[0]);
  ASSERT_EQ(small.extent(), (Extent{10, 10}));
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_NEAR(small.as<float>().data[i], 3.5F, 1e-6F);
}

TEST(VerifyStacks, StatisticsAndThumbnailsAreCompared) {
  const test::TemporaryFolder folder;
  test::write_stack(folder / "a.mrcs", test::floats({31, 22}, 40, 100, 1));
  Recipe recipe = preset("standard");
  recipe.reduce.factor = 3;
  const VerifyReport report =
      verify({.recipe = recipe, .inputs = {folder / "a.mrcs"}, .targets = verify_targets("cpu")});
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.failures.empty());
  for (const VerifyRow& row : report.rows) {
    EXPECT_EQ(row.cells[0].differences, 0u) << row.stage;
    if (row.stage == "thumbnails") {
      EXPECT_EQ(row.cells[0].values, 40u * (7 * 5 + 15 * 11));
    }
    if (row.stage.starts_with("statistics")) {
      EXPECT_GT(row.cells[0].values, 40u) << row.stage;
    }
  }
}

}  // namespace
}  // namespace quickbeam
