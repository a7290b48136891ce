// SPDX-License-Identifier: BSD-3-Clause
// Real particle stacks against values made with NumPy and mrcfile. Skipped without the real data.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <sha256.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <vector>

#include "tests/cli/command.hpp"
#include "tests/host/statistics_stacks.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

const std::string data = test::data_folder() + "/em";

std::string sha256_of(std::string_view bytes) {
  char hex[SHA256_DIGEST_STRING_LENGTH] = {};
  SHA256Data(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), hex);
  return hex;
}

class RealStacks : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string text = test::read_text(data + "/golden.json");
    if (text.empty()) GTEST_SKIP() << "no real stacks at " << data << " (set QUICKBEAM_TEST_DATA)";
    golden_ = nlohmann::json::parse(text);
    ASSERT_GE(golden_.size(), 5U);
  }
  /// The last bytes of a file written by convert: its pixels, when it has no header in between.
  std::string pixels_of(const std::string& source, const std::string& target, std::size_t bytes) {
    const auto run = test::quickbeam("convert '" + source + "' '" + folder_ / target + "'");
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const std::string file = test::read_text(folder_ / target);
    return file.size() < bytes ? "" : file.substr(file.size() - bytes);
  }
  static std::size_t bytes_of(const nlohmann::json& golden) {
    std::size_t bytes = 4;
    for (const auto& n : golden.at("pixels").at("shape")) bytes *= n.get<std::size_t>();
    return bytes;
  }
  nlohmann::json golden_;
  test::TemporaryFolder folder_;
};

TEST_F(RealStacks, ReadToTheValuesOfOtherPrograms) {
  for (const auto& [name, golden] : golden_.items()) {
    const std::string source = data + "/" + name;
    const std::string sha = golden.at("pixels").at("sha256");
    EXPECT_EQ(sha256_of(pixels_of(source, "a.npy", bytes_of(golden))), sha) << name;
    EXPECT_EQ(sha256_of(pixels_of(source, "a.mrcs", bytes_of(golden))), sha) << name;
    // Through a Spider stack and back.
    pixels_of(source, "a.stk", 0);
    EXPECT_EQ(sha256_of(pixels_of(folder_ / "a.stk", "b.npy", bytes_of(golden))), sha) << name;
  }
}

/// The doubles of a .npy file with a header of 128 bytes.
std::vector<double> doubles_of(const std::string& file) {
  if (file.size() < 128) return {};
  std::vector<double> values((file.size() - 128) / 8);
  std::memcpy(values.data(), file.data() + 128, 8 * values.size());
  return values;
}

/// |found - expected| against the size of what is there.
void expect_close(double found, double expected, double size, const std::string& what) {
  EXPECT_LE(std::abs(found - expected), 1e-6 * std::max(std::abs(expected), size)) << what;
}

TEST_F(RealStacks, HaveTheMeanAndVarianceOfNumpy) {
  for (const auto& [name, golden] : golden_.items()) {
    const auto run = test::quickbeam("stats --format npy '" + data + "/" + name + "' -o '" +
                                     folder_ / "out" + "'");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::size_t width = golden.at("pixels").at("shape").at(2);
    for (const std::string map : {"mean", "variance"}) {
      const auto values = doubles_of(
          test::read_text(folder_ / (map == "mean" ? "out/average.npy" : "out/variance.npy")));
      ASSERT_GT(values.size(), 3 * width + 5) << name;
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      const auto& range = golden.at(map + "_min_max");
      const double size =
          std::max(std::abs(range.at(0).get<double>()), std::abs(range.at(1).get<double>()));
      const std::string what = name + ": " + map;
      expect_close(*low, range.at(0), 0, what);
      expect_close(*high, range.at(1), 0, what);
      expect_close(values[3 * width + 5], golden.at(map + "_at_3_5"), 1e-6 * size, what);
      expect_close(std::accumulate(values.begin(), values.end(), 0.0), golden.at(map + "_sum"),
                   size, what);
    }
    const auto rows = test::read_table(folder_ / "out/particles.star");
    const auto &means = golden.at("per_image_mean"), &sds = golden.at("per_image_sd");
    ASSERT_EQ(rows.size(), golden.at("pixels").at("shape").at(0).get<std::size_t>());
    for (std::size_t k = 0; k < std::min(rows.size(), means.size()); ++k) {
      expect_close(std::stod(rows[k][4]), means.at(k), sds.at(k), name);
      expect_close(std::stod(rows[k][5]), sds.at(k), 0, name);
    }
  }
}

TEST_F(RealStacks, TheSameImageInThreeFiles) {
  const std::string little = pixels_of(data + "/xmipp/singleImage.spi", "a.npy", 36);
  ASSERT_EQ(little.size(), 36U);
  EXPECT_EQ(pixels_of(data + "/xmipp/singleImage.mrc", "b.npy", 36), little);
  const auto run = test::quickbeam("info --json '" + data + "/eman2/test.spi'");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  EXPECT_EQ(json.at("format"), "Spider");
  EXPECT_EQ(json.at("frames"), 1);
}

}  // namespace
}  // namespace quickbeam
