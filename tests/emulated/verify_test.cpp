// SPDX-License-Identifier: BSD-3-Clause
// `verify` with the GPU backend, emulated: the whole engine against the reference. Nothing here ran
// on a GPU.
#include <quickbeam/verify.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include <quickbeam/files.hpp>

#include "host/src/device_health.hpp"
#include "io/stack_writer.hpp"
#include "tests/cuda_on_host/emulation.hpp"
#include "tests/host/plan_frames.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::extent;
using test::TemporaryFolder;

template <class T>
std::string write_cbf(const TemporaryFolder& folder, const std::string& name, std::uint32_t seed) {
  const auto pixels = test::some_frame<T>(seed);
  save_cbf(folder / name, ConstAnyView(ImageView<const T>(pixels.data(), extent)),
           {.count_cutoff = test::cutoff});
  return folder / name;
}

Recipe small_recipe(const std::string& name) {
  Recipe recipe = preset(name);
  if (recipe.reduce.factor == 0) recipe.reduce.factor = 4;
  for (Picture& picture : recipe.pictures)
    if (picture.size > 0) picture.size = picture.size / 64;
  return recipe;
}

VerifyReport verified(const Recipe& recipe, std::vector<std::string> inputs) {
  return verify({.recipe = recipe,
                 .inputs = std::move(inputs),
                 .targets = verify_targets("cuda"),
                 .threads = 1});
}

class VerifyEmulated : public ::testing::TestWithParam<std::string_view> {};

TEST_P(VerifyEmulated, TheDeviceEqualsTheReference) {
  const TemporaryFolder folder;
  const VerifyReport report = verified(
      small_recipe(std::string(GetParam())),
      {write_cbf<std::int32_t>(folder, "i.cbf", 1), write_cbf<std::uint16_t>(folder, "u.cbf", 2),
       write_cbf<std::uint32_t>(folder, "w.cbf", 3)});
  ASSERT_EQ(report.targets.size(), 2u);
  EXPECT_EQ(report.targets[1].name, "cuda:0");
  EXPECT_EQ(report.frames, 3);
  EXPECT_TRUE(report.failures.empty());
  for (const VerifyRow& row : report.rows) {
    const VerifyCell& cell = row.cells[1];
    EXPECT_EQ(cell.differences, 0u) << row.stage;
    EXPECT_EQ(cell.elsewhere, 0u) << row.stage << ": " << cell.reason;
    const bool on_the_cpu = row.stage == "stored pixels";
    const bool of_stacks = row.stage.starts_with("statistics") || row.stage == "thumbnails";
    EXPECT_EQ(cell.values == 0, on_the_cpu || of_stacks || row.stage == "errors") << row.stage;
    if (cell.first)
      ADD_FAILURE() << row.stage << ": expected " << cell.first->expected << ", found "
                    << cell.first->found;
  }
  EXPECT_TRUE(report.equal());
}

INSTANTIATE_TEST_SUITE_P(, VerifyEmulated, ::testing::ValuesIn(preset_names()),
                         [](const auto& tested) {
                           std::string name(tested.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(VerifyEmulatedDevice, OptionsThatStayOnTheDevice) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf<std::int32_t>(folder, "i.cbf", 4);
  for (const auto& [option, value] :
       std::vector<std::pair<const char*, const char*>>{{"reduce", "mean"},
                                                        {"reduce", "sum"},
                                                        {"reduce", "none"},
                                                        {"levels", "pct:1,99"},
                                                        {"levels", "sigma:2"},
                                                        {"tone", "linear"},
                                                        {"saturation", "5"},
                                                        {"edge", "partial"}}) {
    Recipe recipe = small_recipe("standard");
    set_option(recipe, option, value);
    EXPECT_TRUE(verified(recipe, {frame}).equal()) << option << " " << value;
  }
}

TEST(VerifyEmulatedDevice, StacksAreTheCpusToo) {
  const TemporaryFolder folder;
  io::StackWriter writer(folder / "a.mrcs", {.extent = {23, 18}});
  std::mt19937 random(5);
  std::vector<float> pixels(23 * 18);
  for (int k = 0; k < 20; ++k) {
    for (float& v : pixels) v = static_cast<float>(random() % 1000) / 8;
    writer.append(ConstAnyView(ImageView<const float>(pixels.data(), {23, 18})));
  }
  writer.finish();
  Recipe recipe = small_recipe("standard");
  recipe.reduce.factor = 2;
  const VerifyReport report = verified(recipe, {folder / "a.mrcs"});
  EXPECT_TRUE(report.equal());
  for (const VerifyRow& row : report.rows) {
    const VerifyCell& cell = row.cells[1];
    EXPECT_EQ(cell.differences, 0u) << row.stage;
    EXPECT_EQ(cell.elsewhere, 0u) << row.stage << ": " << cell.reason;
    if (row.stage.starts_with("statistics") || row.stage == "thumbnails") {
      EXPECT_GT(cell.values, 20u) << row.stage;
    }
  }
}

TEST(VerifyEmulatedDevice, BadStreamsFailAlike) {
  const TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';
  test::write_text(folder / "bad.cbf", parts.bytes());
  Recipe recipe = small_recipe("standard");
  recipe.reduce.factor = 2;
  const VerifyReport report = verified(recipe, {folder / "bad.cbf"});
  EXPECT_EQ(report.rows.back().cells[1].values, 1u);
  EXPECT_EQ(report.rows.back().cells[1].differences, 0u);
}

TEST(VerifyEmulatedDevice, ADeviceThatStopsWorkingIsNoPass) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf<std::int32_t>(folder, "i.cbf", 5);
  cuda_on_host::fail_call("cudaLaunchKernelEx", 4, cudaErrorIllegalAddress);
  const VerifyReport report = verified(small_recipe("standard"), {frame});
  EXPECT_FALSE(report.equal());
  EXPECT_GT(report.elsewhere(1), 0u);
  EXPECT_EQ(report.differences(1), 0u);
  EXPECT_EQ(report.differences(0), 0u);
  EXPECT_EQ(report.elsewhere(0), 0u);
  forget_device_health();
  EXPECT_EQ(cuda_on_host::reset(), "");
}

}  // namespace
}  // namespace quickbeam
