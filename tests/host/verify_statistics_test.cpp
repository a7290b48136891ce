// SPDX-License-Identifier: BSD-3-Clause
#include "host/src/verify_statistics.hpp"

#include <gtest/gtest.h>

#include <quickbeam/verify.hpp>

#include "tests/host/statistics_stacks.hpp"

namespace quickbeam {
namespace {

class VerifyStatistics : public ::testing::Test {
 protected:
  ComputedStatistics compute(const test::Stack& stack) {
    test::write_stack(path_, stack);
    for (const bool second : {false, true})
      for (const auto& image : stack.images) {
        const ConstAnyView view(ImageView<const double>(image.data(), stack.extent));
        if (second)
          reference_.second(view);
        else
          reference_.first(view);
      }
    return compute_in_memory({.inputs = {path_}, .threads = 2});
  }
  std::uint64_t differences(const ComputedStatistics& found) {
    VerifyCell cell;
    Comparison comparison(cell, path_, 1);
    compare_pixels(reference_, found.results.at(0), comparison);
    compare_images(reference_, found.images.at(0), comparison);
    EXPECT_GT(cell.values, 5 * reference_.pixels.size());
    return cell.differences;
  }
  ReferenceStatistics reference_;
  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "a.mrcs";
};

TEST_F(VerifyStatistics, TheEngineAgreesWithTwoPlainPasses) {
  auto stack = test::floats({151, 110}, 300, 1e4, 1);
  stack.images[5][7] = std::numeric_limits<double>::quiet_NaN();
  for (auto& image : stack.images) image[9] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(differences(compute(stack)), 0U);
}

TEST_F(VerifyStatistics, ANumberThatIsOffIsFound) {
  const auto found = compute(test::floats({20, 10}, 300));
  ASSERT_EQ(differences(found), 0U);
  const kernels::PixelMoments& block = found.results[0].blocks[0];
  for (double* value : {&block.mean[3], &block.m2[4], &block.lowest[5], &block.highest[199]}) {
    const double before = *value;
    *value *= 1 + 1e-11;
    EXPECT_EQ(differences(found), 1U);
    *value = before;
  }
  auto images = found.images;
  images[0][17].m2 *= 1 + 1e-10;
  images[0][18].missing = 1;
  VerifyCell cell;
  Comparison comparison(cell, path_, 1);
  compare_images(reference_, images[0], comparison);
  EXPECT_EQ(cell.differences, 2U);
  EXPECT_EQ(cell.first->place, "M2 of image 18");
}

TEST_F(VerifyStatistics, OneBitIsFound) {
  const auto a = compute(test::floats({20, 10}, 300)), b = compute_in_memory({.inputs = {path_}});
  const auto count = [&] {
    VerifyCell cell;
    Comparison comparison(cell, path_, 1);
    compare_statistics(a, b, comparison);
    EXPECT_GT(cell.values, 20U * 10 * 36);
    return cell.differences;
  };
  EXPECT_EQ(count(), 0U);
  b.results[0].blocks[0].m2[77] = std::nextafter(b.results[0].blocks[0].m2[77], 1e300);
  EXPECT_GT(count(), 0U);
}

TEST_F(VerifyStatistics, VerifyComparesThemOnStacks) {
  test::write_stack(path_, test::whole_numbers({40, 30}, 20, -500, 500), io::StoredAs::int16);
  VerifyJob job{.recipe = preset("standard"), .inputs = {path_}, .targets = verify_targets("cpu")};
  const VerifyReport report = verify(job);
  EXPECT_TRUE(report.equal());
  int rows = 0;
  for (const VerifyRow& row : report.rows) {
    if (!row.stage.starts_with("statistics")) continue;
    ++rows;
    EXPECT_GE(row.cells.at(0).values, row.stage == "statistics: images" ? 20U * 6 : 1200U * 5);
    EXPECT_EQ(row.cells[0].differences, 0U) << row.stage;
  }
  EXPECT_EQ(rows, 3);
}

}  // namespace
}  // namespace quickbeam
