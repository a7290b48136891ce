// SPDX-License-Identifier: BSD-3-Clause
// quickbeam stats and merge as a user runs them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/cli/process.hpp"
#include "tests/host/statistics_stacks.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::contents_of;
using test::floats;
using test::quickbeam;
using test::read_text;
using test::write_stack;

class StatsCommand : public ::testing::Test {
 protected:
  /// Runs the command in the folder.
  test::CommandResult run(const std::string& arguments, const std::string& settings = "") {
    return quickbeam(arguments, "cd '" + folder_.path() + "' && " + settings);
  }
  test::TemporaryFolder folder_;
};

TEST_F(StatsCommand, WritesAverageVarianceAndTheTable) {
  const auto stack = floats({12, 8}, 30);
  write_stack(folder_ / "proj.stk", stack);
  const auto done = run("stats proj.stk -o out");
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_NE(done.err.find("12x8: 30 images of 12 x 8, mean "), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("GB/s) -> out"), std::string::npos) << done.err;
  EXPECT_EQ(read_text(folder_ / "out/average.mrc").size(), 1024U + 12 * 8 * 4);
  EXPECT_EQ(read_text(folder_ / "out/variance.mrc").size(), 1024U + 12 * 8 * 4);
  test::expect_table(stack, folder_ / "out/particles.star");
  EXPECT_EQ(fs::exists(folder_ / "out/std.mrc"), false);

  EXPECT_EQ(run("stats -q proj.stk -o all --std --min --max --count --format npy --ddof 1").err,
            "");
  test::expect_statistics(stack, folder_ / "all", 1);
}

TEST_F(StatsCommand, OneImageOfAStackAndSeveralStacks) {
  const auto a = floats({5, 5}, 4), b = floats({5, 5}, 3, 50, 2, 2);
  write_stack(folder_ / "a.stk", a);
  write_stack(folder_ / "b.mrcs", b);
  EXPECT_EQ(
      run("stats 3@a.stk b.mrcs 1@a.stk -o out --std --min --max --count --format npy").exit_code,
      0);
  test::Stack taken{{5, 5}, {a.images[2], b.images[0], b.images[1], b.images[2], a.images[0]}};
  test::expect_statistics(taken, folder_ / "out");
  test::expect_table(taken, folder_ / "out/particles.star");
}

TEST_F(StatsCommand, PartsMergeToTheSameFiles) {
  write_stack(folder_ / "a.mrcs", floats({9, 7}, 1000, 1e4));
  ASSERT_EQ(run("stats a.mrcs -o one --std").exit_code, 0);
  for (const char* k : {"1", "2", "3"})
    ASSERT_EQ(
        run(std::string("stats a.mrcs --part ") + k + "/3 --partial p" + k + ".qbstat").exit_code,
        0);
  const auto merged = run("merge p3.qbstat p1.qbstat p2.qbstat -o merged --std --json");
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_TRUE(contents_of(folder_ / "merged") == contents_of(folder_ / "one"));
  const auto json = nlohmann::json::parse(merged.out);
  EXPECT_EQ(json.at("groups").at(0).at("images"), 1000);
  EXPECT_EQ(json.at("outputs").size(), 4U);

  ASSERT_EQ(run("merge p3.qbstat p1.qbstat --partial p31.qbstat").exit_code, 0);
  ASSERT_EQ(run("merge p2.qbstat p31.qbstat -o again --std").exit_code, 0);
  EXPECT_TRUE(contents_of(folder_ / "again") == contents_of(folder_ / "one"));

  const auto some = run("merge p3.qbstat p1.qbstat -o some");
  EXPECT_EQ(some.exit_code, 0);
  EXPECT_NE(some.err.find("group 9x7: 744 of 1000 images are there"), std::string::npos)
      << some.err;
  const auto twice = run("merge p3.qbstat p31.qbstat -o some");
  EXPECT_EQ(twice.exit_code, 1);
  EXPECT_NE(twice.err.find("p31.qbstat"), std::string::npos);
  EXPECT_NE(twice.err.find("p3.qbstat"), std::string::npos);
  const auto other = run("merge a.mrcs -o some");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("NOT_THIS_FORMAT"), std::string::npos) << other.err;
}

TEST_F(StatsCommand, TheTableCanBeLeftOut) {
  test::Stack stack = floats({90, 80}, 600, 1e4);
  stack.images[7][11] = std::numeric_limits<double>::quiet_NaN();
  write_stack(folder_ / "a.mrcs", stack);
  ASSERT_EQ(run("stats a.mrcs -o with --mask 20").exit_code, 0);
  const auto without =
      run("stats a.mrcs -o without --mask 20 --no-table --partial a.qbstat --json");
  ASSERT_EQ(without.exit_code, 0) << without.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "without/particles.star"));
  std::filesystem::remove(folder_ / "with/particles.star");
  EXPECT_TRUE(contents_of(folder_ / "without") == contents_of(folder_ / "with"));
  const auto group = nlohmann::json::parse(without.out).at("groups").at(0);
  EXPECT_NEAR(group.at("mean").get<double>(), 1e4, 10);
  EXPECT_EQ(group.at("values_not_finite"), 0) << "outside the mask";
  const auto everywhere = run("stats a.mrcs --no-table --partial all.qbstat --json");
  EXPECT_EQ(nlohmann::json::parse(everywhere.out).at("groups").at(0).at("values_not_finite"), 1);

  const auto merged = run("merge a.qbstat -o merged");
  ASSERT_EQ(merged.exit_code, 0) << merged.err;
  EXPECT_NE(merged.err.find("600 of 600 images are in no table"), std::string::npos) << merged.err;
  EXPECT_TRUE(read_text(folder_ / "merged/average.mrc") == read_text(folder_ / "with/average.mrc"));
  const auto silent = run("merge a.qbstat -o silent --no-table");
  EXPECT_EQ(silent.err.find("no table"), std::string::npos) << silent.err;
  EXPECT_TRUE(contents_of(folder_ / "silent") == contents_of(folder_ / "with"));
}

TEST_F(StatsCommand, ABadFileIsSaidAndTheOthersGoOn) {
  write_stack(folder_ / "a.mrcs", floats({6, 6}, 10));
  test::write_text(folder_ / "bad.mrcs", read_text(folder_ / "a.mrcs").substr(0, 1500));
  const auto run_both = run("stats a.mrcs bad.mrcs gone.mrcs -o out --json");
  EXPECT_EQ(run_both.exit_code, 1);
  EXPECT_NE(run_both.err.find("bad.mrcs"), std::string::npos);
  const auto json = nlohmann::json::parse(run_both.out);
  EXPECT_EQ(json.at("summary").at("images"), 13) << "whole images of a cut stack count";
  ASSERT_EQ(json.at("failures").size(), 2U);
  EXPECT_EQ(json.at("failures").at(0).at("error").at("code"), "TRUNCATED");
  EXPECT_EQ(json.at("failures").at(1).at("error").at("code"), "NOT_FOUND");
  EXPECT_TRUE(fs::exists(folder_ / "out/average.mrc"));
  const auto fast = run("stats a.mrcs bad.mrcs -o fast --fail-fast");
  EXPECT_EQ(fast.exit_code, 1);
  EXPECT_FALSE(fs::exists(folder_ / "fast/average.mrc"));
  EXPECT_EQ(run("stats bad.mrcs -o none").exit_code, 1);
}

TEST_F(StatsCommand, DryRunOnlyShows) {
  write_stack(folder_ / "a.mrcs", floats({6, 6}, 10), io::StoredAs::float32, 1.5);
  const auto shown = run("stats a.mrcs -o out --std --partial x.qbstat --dry-run");
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(shown.out,
            "6x6: 10 images of 6 x 6 at 1.5 A\n-> out/average.mrc\n-> out/variance.mrc\n"
            "-> out/std.mrc\n-> out/particles.star\n-> x.qbstat\n");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(StatsCommand, WhatMakesNoSenseIsUsage) {
  write_stack(folder_ / "a.mrcs", floats({6, 6}, 10));
  for (const char* arguments :
       {"a.mrcs", "a.mrcs -o out --ddof 2", "a.mrcs -o out --part 3/2", "a.mrcs -o out --part x",
        "a.mrcs -o out --part 1/", "a.mrcs -o out --mask -1", "-o out",
        "a.mrcs -o out --device tpu", "a.mrcs -o out --format png"})
    EXPECT_EQ(run(std::string("stats ") + arguments).exit_code, 2) << arguments;
  EXPECT_EQ(run("stats a.mrcs -o out --device cuda").exit_code, 4);
  EXPECT_EQ(run("stats 11@a.mrcs -o out").exit_code, 1);
  EXPECT_EQ(run("stats a.mrcs -o a.mrcs/out").exit_code, 3);
  EXPECT_EQ(run("merge -o out").exit_code, 2);
}

TEST_F(StatsCommand, OptionsFromTheEnvironmentAndAFile) {
  write_stack(folder_ / "a.mrcs", floats({20, 20}, 3));
  test::write_text(folder_ / "options.toml", "std = true\nmask = \"4\"\n");
  EXPECT_EQ(run("stats a.mrcs -o out --config options.toml", "QUICKBEAM_FORMAT=npy").exit_code, 0);
  const auto sd = test::read_doubles(folder_ / "out/std.npy");
  ASSERT_EQ(sd.size(), 400U);
  EXPECT_EQ(sd[0], 0);
  EXPECT_GT(sd[10 * 20 + 10], 0);
  // One setting, several commands that know other values.
  EXPECT_EQ(run("thumb --print-config", "QUICKBEAM_FORMAT=jpeg").exit_code, 0);
  EXPECT_EQ(run("stats a.mrcs -o out", "QUICKBEAM_FORMAT=jpeg").exit_code, 2);
}

TEST_F(StatsCommand, NamesThatLeadOutAreRefused) {
  fs::create_directory(folder_ / "project");
  write_stack(folder_ / "a.mrcs", floats({6, 6}, 3));
  test::write_text(folder_ / "project/set.star",
                   "data_particles\n\nloop_\n_rlnImageName\n1@../a.mrcs\n");
  const auto refused = run("stats project/set.star -o out --root project");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("PATH_ESCAPE"), std::string::npos) << refused.err;
  EXPECT_EQ(run("stats project/set.star -o out --root project --allow-outside").exit_code, 0);
}

/// RELION's own programs on our table. Skipped where they are not installed.
TEST_F(StatsCommand, RelionReadsTheTable) {
  if (std::system("command -v relion_star_handler > /dev/null") != 0)
    GTEST_SKIP() << "relion_star_handler is not installed";
  const auto stack = floats({8, 8}, 6, 0, 1);
  write_stack(folder_ / "a.mrcs", stack);
  std::string set =
      "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n_rlnImagePixelSize\n"
      "_rlnVoltage\n_rlnSphericalAberration\n_rlnAmplitudeContrast\n_rlnImageSize\n"
      "_rlnImageDimensionality\none 1 1.5 300 2.7 0.1 8 2\n\n"
      "data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n";
  for (int i = 1; i <= 6; ++i) set += std::to_string(i) + "@a.mrcs 1\n";
  test::write_text(folder_ / "set.star", set);
  ASSERT_EQ(run("stats set.star -o out").exit_code, 0);
  std::vector<double> means;
  for (const auto& image : stack.images) means.push_back(test::two_pass(image).mean);
  std::sort(means.begin(), means.end());
  const std::string command =
      "cd '" + folder_.path() +
      "' && relion_star_handler --i out/particles.star --o high.star --select rlnAverageValue "
      "--minval " +
      std::to_string((means[3] + means[4]) / 2) + " > log 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << read_text(folder_ / "log");
  const std::string high = read_text(folder_ / "high.star");
  std::size_t found = 0;
  for (std::size_t at = 0; (at = high.find("@a.mrcs", at)) != std::string::npos; ++at) ++found;
  EXPECT_EQ(found, 2U) << high;
}

/// A started `quickbeam stats`.
class Process : public test::Process {
 public:
  explicit Process(std::vector<std::string> words) : test::Process(of_stats(std::move(words))) {}

 private:
  static std::vector<std::string> of_stats(std::vector<std::string> words) {
    words.insert(words.begin(), {"stats", "-q"});
    return words;
  }
};

/// A stack of zeros that takes no room on the disk.
void write_sparse_stack(const std::string& path, Extent extent, std::int64_t count) {
  const std::vector<float> zeros(static_cast<std::size_t>(extent.pixels()));
  io::StackWriter writer(path, {.extent = extent});
  const ConstAnyView image(ImageView<const float>(zeros.data(), extent));
  writer.append(image);
  writer.finish();
  std::string header = read_text(path).substr(0, 1024);
  const auto nz = static_cast<std::int32_t>(count);
  std::memcpy(header.data() + 8, &nz, 4);
  test::write_text(path, header);
  fs::resize_file(path, 1024 + static_cast<std::uintmax_t>(count * extent.pixels() * 4));
}

TEST_F(StatsCommand, AnInterruptLeavesNothingBehind) {
  write_sparse_stack(folder_ / "a.mrcs", {256, 256}, 100'000);
  Process process({folder_ / "a.mrcs", "-o", folder_ / "out", "--partial", folder_ / "a.qbstat",
                   "--threads", "2"});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!fs::exists(folder_ / "out") && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 75);
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"a.mrcs", "out"}));
}

/// The bound: 256 MB and 40 bytes a pixel a thread. AddressSanitizer needs memory of its own.
TEST_F(StatsCommand, MemoryStaysInItsBounds) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  struct Case {
    Extent extent;
    std::int64_t images;
    int threads;
  };
  // Much larger than the bound: 2.6 GB of small images, 2.1 GB of big ones in several bands.
  for (const auto& [extent, images, threads] :
       {Case{{128, 128}, 40'000, 2}, Case{{512, 512}, 2'000, 2}, Case{{4096, 4096}, 33, 1}}) {
    write_sparse_stack(folder_ / "a.mrcs", extent, images);
    Process process(
        {folder_ / "a.mrcs", "-o", folder_ / "out", "--threads", std::to_string(threads)});
    ASSERT_EQ(process.wait(), 0);
    const auto bound = (256'000'000 + 40 * extent.pixels() * threads) / 1024;
    RecordProperty("peak_kib_" + std::to_string(extent.width),
                   static_cast<int>(process.peak_kib()));
    EXPECT_LT(process.peak_kib(), bound) << extent.width;
  }
}

}  // namespace
}  // namespace quickbeam
