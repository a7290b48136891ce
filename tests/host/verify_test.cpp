// SPDX-License-Identifier: BSD-3-Clause
// `verify` on small files: the engine equals the reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include <quickbeam/verify.hpp>

#include "host/src/backends.hpp"
#include "io/npy.hpp"
#include "tests/host/verify_frames.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::extent;
using test::small_recipe;
using test::TemporaryFolder;
using test::verified;
using test::write_cbf;

template <class T>
std::string write_npy(const TemporaryFolder& folder, const std::string& name, std::int64_t depth) {
  Buffer<std::byte> memory;
  const std::string path = folder / name;
  std::ofstream out(path, std::ios::binary);
  const auto put = [&](const void* data, std::size_t bytes) {
    out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  };
  const auto header = io::npy_header(pixel_type_of<T>(), extent, depth, memory);
  put(header.data(), header.size());
  for (std::int64_t k = 0; k < std::max<std::int64_t>(1, depth); ++k) {
    const auto pixels = test::some_frame<T>(static_cast<std::uint32_t>(40 + k));
    put(pixels.data(), pixels.size() * sizeof(T));
  }
  return path;
}

void expect_equal(const VerifyReport& report) {
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.failures.empty());
  for (const VerifyRow& row : report.rows) {
    EXPECT_EQ(row.cells[0].differences, 0u) << row.stage;
    if (row.cells[0].first)
      ADD_FAILURE() << row.stage << ": expected " << row.cells[0].first->expected << ", found "
                    << row.cells[0].first->found;
    const bool of_stacks =  // none are verified here
        row.stage.starts_with("statistics") || row.stage == "thumbnails";
    EXPECT_EQ(row.cells[0].values == 0, row.stage == "errors" || of_stacks) << row.stage;
  }
}

class VerifyPresets : public ::testing::TestWithParam<std::string_view> {};

TEST_P(VerifyPresets, TheCpuEqualsTheReference) {
  const TemporaryFolder folder;
  const VerifyReport report =
      verified({write_cbf(folder, "a.cbf", 1), write_cbf(folder, "b.cbf", 2)},
               small_recipe(std::string(GetParam())));
  expect_equal(report);
  EXPECT_EQ(report.files, 2);
  EXPECT_EQ(report.frames, 2);
}

INSTANTIATE_TEST_SUITE_P(, VerifyPresets, ::testing::ValuesIn(preset_names()),
                         [](const auto& tested) {
                           std::string name(tested.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Verify, OptionsOfTheRecipeToo) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf(folder, "a.cbf", 3);
  for (const auto& [option, value] :
       std::vector<std::pair<const char*, const char*>>{{"reduce", "mean"},
                                                        {"reduce", "none"},
                                                        {"levels", "sigma:2"},
                                                        {"levels", "pct:1,99"},
                                                        {"levels", "range:0,9"},
                                                        {"tone", "equalize"},
                                                        {"tone", "gamma:0.5"},
                                                        {"edge", "partial"},
                                                        {"saturation", "none"},
                                                        {"saturation", "5"},
                                                        {"format", "jpeg"}}) {
    SCOPED_TRACE(std::string(option) + " " + value);
    Recipe recipe = small_recipe();
    set_option(recipe, option, value);
    expect_equal(verified({frame}, recipe));
  }
}

TEST(Verify, EveryTypeAndSeveralImages) {
  const TemporaryFolder folder;
  const VerifyReport report = verified(
      {write_npy<float>(folder, "f.npy", 0), write_npy<double>(folder, "d.npy", 0),
       write_npy<std::uint16_t>(folder, "u.npy", 3), write_npy<std::int64_t>(folder, "l.npy", 2)});
  expect_equal(report);
  EXPECT_EQ(report.files, 4);
  EXPECT_EQ(report.frames, 7);
}

TEST(Verify, TheMaskIsTheSameForAll) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf(folder, "a.cbf", 4), mask = write_cbf(folder, "m.cbf", 5);
  VerifyJob job{
      .recipe = small_recipe(), .inputs = {frame}, .mask = mask, .targets = verify_targets("cpu")};
  expect_equal(verify(job));
  test::write_text(folder / "small.cbf", oracle::good_cbf().bytes());
  job.mask = folder / "small.cbf";
  const VerifyReport report = verify(job);
  EXPECT_FALSE(report.equal()) << "nothing was compared";
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].error.field, "--mask");
}

TEST(Verify, FramesThatCannotBeDecodedFailAlike) {
  const TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';  // an escape that never ends
  test::write_text(folder / "bad.cbf", parts.bytes());
  test::write_text(folder / "none.cbf", "nothing");
  const VerifyReport report =
      verified({folder / "bad.cbf", folder / "none.cbf", write_cbf(folder, "a.cbf", 6)});
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.frames, 1);
  ASSERT_EQ(report.failures.size(), 2u);
  EXPECT_TRUE(report.failures[0].decoded);
  EXPECT_EQ(report.failures[0].error.code, ErrorCode::bad_stream);
  EXPECT_EQ(report.failures[0].error.path, folder / "bad.cbf");
  EXPECT_FALSE(report.failures[1].decoded);
  EXPECT_EQ(report.rows.back().stage, "errors");
  EXPECT_EQ(report.rows.back().cells[0].values, 1u);
}

TEST(Verify, NothingComparedIsNeverEqual) {
  const TemporaryFolder folder;
  EXPECT_FALSE(VerifyReport{}.equal());
  EXPECT_FALSE(verified({}).equal());
  const std::string frame = write_cbf(folder, "a.cbf", 7);
  const VerifyReport none = verify(
      {.recipe = small_recipe(),
       .inputs = {frame},
       .targets = {{.name = "cuda", .backend = nullptr, .device = 0, .not_run = "no device"}}});
  EXPECT_FALSE(none.equal());
  EXPECT_EQ(none.values(0), 0u);
  const VerifyReport beside =
      verify({.recipe = small_recipe(),
              .inputs = {frame},
              .targets = {{.name = "cpu", .backend = &cpu_backend()},
                          {.name = "cuda", .backend = &cpu_backend(), .not_run = "no device"}}});
  EXPECT_TRUE(beside.equal());
  EXPECT_GT(beside.values(0), 0u);
  EXPECT_EQ(beside.values(1), 0u);
}

TEST(Verify, TargetsAreTheCpuAndWhatIsBesideIt) {
  ASSERT_EQ(verify_targets("cpu").size(), 1u);
  EXPECT_EQ(verify_targets("cpu")[0].name, "cpu");
  const auto all = verify_targets("auto");
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[0].name, "cpu");
  EXPECT_EQ(all[1].name, "cuda");
  const bool usable = all[1].backend && all[1].backend->unavailable_because(0).empty();
  EXPECT_EQ(all[1].not_run.empty(), usable);
  EXPECT_THROW(verify_targets("gpu"), Error);
  Recipe sum = small_recipe();
  sum.sum_frames = 2;
  EXPECT_THROW(verified({}, sum), Error);
}

}  // namespace
}  // namespace quickbeam
