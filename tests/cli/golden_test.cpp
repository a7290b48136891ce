// SPDX-License-Identifier: BSD-3-Clause
// Real frames against values made with fabio, NumPy and SciPy. Skipped without the real data.
#include <gtest/gtest.h>
#include <sys/types.h>

#include <sha256.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

const std::string data = test::data_folder() + "/cbf";

std::string sha256_of(std::string_view bytes) {
  char hex[SHA256_DIGEST_STRING_LENGTH] = {};
  SHA256Data(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), hex);
  return hex;
}

/// Header and data of a version 1.0 .npy file, read independently of the engine.
struct Npy {
  std::string header, pixels;
};
Npy read_npy(const std::string& path) {
  const std::string bytes = test::read_text(path);
  if (bytes.size() < 10) return {};
  const auto length =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  return {bytes.substr(10, length), bytes.substr(10 + length)};
}

void expect_matches(const std::string& path, const nlohmann::json& golden) {
  SCOPED_TRACE(path);
  const Npy npy = read_npy(path);
  const std::string type = golden.at("dtype");
  const std::string descr = type == "int32" ? "<i4" : type == "int64" ? "<i8" : "<f8";
  EXPECT_NE(npy.header.find("'" + descr + "'"), std::string::npos) << npy.header;
  const std::string shape = "(" + std::to_string(golden.at("shape")[0].get<int>()) + ", " +
                            std::to_string(golden.at("shape")[1].get<int>()) + ")";
  EXPECT_NE(npy.header.find(shape), std::string::npos) << npy.header;
  EXPECT_EQ(sha256_of(npy.pixels), golden.at("sha256"));
}

struct Case {
  const char* golden;
  const char* options;
};
constexpr Case cases[] = {
    {"max10", "--reduce max --factor 10"},
    {"sum10", "--reduce sum --factor 10"},
    {"mean8", "--reduce mean --factor 8"},
    {"min8", "--reduce min --factor 8"},
    {"dilate10_full", "--reduce dilate --factor 1 --window 10 --restore-mask no"},
    {"dilate10_restored", "--reduce dilate --factor 1 --window 10"},
    {"dilate10_restored_every10", "--reduce dilate --factor 10 --window 10"},
};

class RealFrames : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string text = test::read_text(data + "/golden.json");
    if (text.empty()) GTEST_SKIP() << "no real frames at " << data << " (set QUICKBEAM_TEST_DATA)";
    golden_ = nlohmann::json::parse(text);
  }
  nlohmann::json golden_;
  test::TemporaryFolder folder_;
};

TEST_F(RealFrames, DecodeToFabiosValues) {
  for (const auto& [name, expected] : golden_.items()) {
    const std::string out = folder_ / (name + ".npy");
    const auto run =
        test::quickbeam("convert --md5 error '" + data + "/" + name + "' '" + out + "'");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_matches(out, expected.at("decoded"));
  }
}

TEST_F(RealFrames, ReduceAndDilateToNumpysAndScipysValues) {
  for (const auto& [golden, options] : cases) {
    const std::string out = folder_ / golden;
    const auto run = test::quickbeam("thumb '" + data + "'/*.cbf.* -o '" + out + "' " + options +
                                     " --format png --numeric '" + out + "/{stem}.npy'");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    for (const auto& [name, expected] : golden_.items()) {
      const std::string stem = name.substr(0, name.find(".cbf"));
      expect_matches(out + "/" + stem + ".npy", expected.at(golden));
    }
  }
}

}  // namespace
}  // namespace quickbeam
