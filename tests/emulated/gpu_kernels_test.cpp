// SPDX-License-Identifier: BSD-3-Clause
// That the sanitizers' part of the tests and the profiler's part of cuda_bench launch every kernel,
// and that the names in bench/gpu_steps.sh are those of tests: a pattern that matches nothing would
// pass and say nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::CommandResult;
using test::TemporaryFolder;

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

/// Kernels of kernels/cuda as the sources have them: "name(Type" with the type of the first
/// parameter where that has a name of ours, else "name(".
std::set<std::string> kernels_in_sources() {
  static const std::regex kernel(
      R"(__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s+)?(\w+)\s*\(\s*([A-Z]\w+)?)");
  std::set<std::string> all;
  for (const auto& entry : fs::directory_iterator(test::source_folder() + "/kernels/cuda")) {
    const std::string text = test::read_text(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), kernel), end; found != end; ++found)
      all.insert((*found)[1].str() + "(" + (*found)[2].str());
  }
  return all;
}

/// Demangled names of the functions at these places of a program's file.
std::vector<std::string> names_of(const std::string& program, const std::string& places) {
  std::map<std::uint64_t, std::string> functions;
  const CommandResult symbols = test::run_program("nm", "-C '" + program + "'", "");
  EXPECT_EQ(symbols.exit_code, 0) << symbols.err;
  for (const std::string& line : parts_of(symbols.out, '\n'))
    if (line.size() > 19 && line[0] != ' ')
      functions[std::stoull(line.substr(0, 16), nullptr, 16)] = line.substr(19);
  std::vector<std::string> names;
  for (const std::string& place : parts_of(places, '\n'))
    names.push_back(functions[std::stoull(place, nullptr, 16)]);
  return names;
}

/// Kernels of the sources that `program ARGUMENTS` does not launch.
std::set<std::string> never_launched(const std::string& program, const std::string& arguments) {
  const TemporaryFolder folder;
  const CommandResult result =
      test::run_program(program, arguments, "QUICKBEAM_EMULATED_KERNELS='" + folder / "kernels'");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const auto launched = names_of(program, test::read_text(folder / "kernels"));
  EXPECT_GT(launched.size(), 20u);
  std::set<std::string> missing;
  for (const std::string& kernel : kernels_in_sources()) {
    const std::size_t bracket = kernel.find('(');
    const std::regex name("::" + kernel.substr(0, bracket) +
                          R"((<.*>)?\((quickbeam::kernels::cuda::|\(anonymous namespace\)::)*)" +
                          kernel.substr(bracket + 1));
    if (std::none_of(launched.begin(), launched.end(),
                     [&](const std::string& one) { return std::regex_search(one, name); }))
      missing.insert(kernel);
  }
  return missing;
}

std::string sanitizer_filter(const std::string& tool) {
  const CommandResult result = test::run_program(test::source_folder() + "/bench/gpu_steps.sh",
                                                 "sanitizer_filter " + tool, "");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.out.substr(0, result.out.find('\n'));
}

TEST(GpuKernels, TheSourcesAreUnderstood) {
  const auto all = kernels_in_sources();
  EXPECT_GE(all.size(), 28u);
  for (const char* const kernel : {"add_moments(", "sum_tiles(StreamBatch", "merge(LeafPlanes",
                                   "count_pixels(StreamBatch", "count_pixels(CountedPlanes"})
    EXPECT_TRUE(all.contains(kernel)) << kernel;
}

/// "Suite.Test" of what a filter of GoogleTest lets through.
std::vector<std::string> listed_tests(const std::string& filter) {
  const CommandResult listed = test::run_program(
      test::emulated_tests_path(), "--gtest_list_tests --gtest_filter='" + filter + "'", "");
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  std::vector<std::string> all;
  std::string suite;
  for (const std::string& line : parts_of(listed.out, '\n')) {
    const std::string name = line.substr(0, line.find("  #"));
    if (name.ends_with('.'))
      suite = name;
    else if (name.starts_with("  "))
      all.push_back(suite + name.substr(2));
  }
  return all;
}

/// The source of every test. (The list as JSON is of all tests, whatever the filter.)
std::map<std::string, std::string> sources_of_tests() {
  const TemporaryFolder folder;
  const CommandResult listed =
      test::run_program(test::emulated_tests_path(),
                        "--gtest_list_tests --gtest_output='json:" + folder / "list.json'", "");
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  std::map<std::string, std::string> sources;
  const auto list = nlohmann::json::parse(test::read_text(folder / "list.json"));
  for (const auto& suite : list.at("testsuites"))
    for (const auto& one : suite.at("testsuite"))
      sources[suite.at("name").get<std::string>() + "." + one.at("name").get<std::string>()] =
          one.at("file");
  return sources;
}

TEST(GpuKernels, EveryPatternOfTheSanitizersIsOfATestThatRunsOnACard) {
  EXPECT_TRUE(listed_tests("NoSuite.NoTest*").empty());
  const auto sources = sources_of_tests();
  for (const std::string& pattern : parts_of(sanitizer_filter("memcheck"), ':')) {
    const auto tests = listed_tests(pattern);
    EXPECT_FALSE(tests.empty()) << pattern;
    for (const std::string& name : tests)
      EXPECT_NE(sources.at(name).find("tests/cuda/"), std::string::npos)
          << pattern << " is of a test that cuda_test does not have: " << name;
  }
}

TEST(GpuKernels, TheSanitizersSeeEveryKernel) {
  for (const char* const tool : {"memcheck", "initcheck"})
    EXPECT_EQ(never_launched(test::emulated_tests_path(),
                             "--gtest_filter='" + sanitizer_filter(tool) + "'"),
              std::set<std::string>{"nothing("})  // launched by nobody: only loaded
        << tool;
}

// Those of frames that are not byte-offset streams are no stage of the speed tables; flags are
// dilated only where frames were summed first, and masks restored by themselves only behind windows
// of several passes.
TEST(GpuKernels, TheProfilerSeesEveryKernelOfTheSpeedTables) {
  EXPECT_EQ(never_launched(test::emulated_bench_path(), "--tiny --profile"),
            (std::set<std::string>{"nothing(", "use_raw(RawBatch", "clip_pixels(",
                                   "count_pixels(CountedPlanes", "flags_to_pixels(Planes",
                                   "pixels_to_flags(Planes", "mask_again(Planes"}));
}

}  // namespace
}  // namespace quickbeam
