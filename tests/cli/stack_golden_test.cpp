// SPDX-License-Identifier: BSD-3-Clause
// Real particle stacks against values made with NumPy and mrcfile. Skipped without the real data.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <sha256.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"

namespace quickbeam {
namespace {

const std::string data = std::string(QUICKBEAM_TEST_DATA) + "/em";

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
