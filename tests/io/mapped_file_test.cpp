// SPDX-License-Identifier: BSD-3-Clause
#include "io/mapped_file.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <numeric>

#include "io/input_file.hpp"
#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

namespace fs = std::filesystem;

class Mapped : public ::testing::Test {
 protected:
  /// Several pages and a part of one.
  static constexpr std::size_t bytes = 100'001;

  Mapped() {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 7 % 251 + 1);
    text_ = text;
    test::write_text(path_, text);
  }
  std::unique_ptr<MappedFile> map(const InputFile& file) {
    return MappedFile::map(file.descriptor(), file.size());
  }
  bool is_text(std::span<const std::byte> found, std::size_t offset) const {
    return std::ranges::equal(found, std::as_bytes(std::span(text_)).subspan(offset, found.size()));
  }

  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "file";
  std::string text_;
};

/// First of all: what is allowed stays allowed while the program runs.
TEST_F(Mapped, OnlyWhereItIsAllowed) {
  const InputFile file(path_);
  EXPECT_EQ(map(file), nullptr);
  allow_mapped_files();
  allow_mapped_files();
  EXPECT_NE(map(file), nullptr);
  EXPECT_EQ(MappedFile::map(file.descriptor(), 0), nullptr);
  EXPECT_EQ(MappedFile::map(-1, 10), nullptr);
}

TEST_F(Mapped, BytesAreTheFiles) {
  allow_mapped_files();
  const InputFile file(path_);
  const auto mapped = map(file);
  for (const auto& [offset, count] : {std::pair<std::size_t, std::size_t>{0, bytes},
                                      {0, 1},
                                      {4095, 2},
                                      {5000, 90'000},
                                      {100'000, 1}}) {
    const auto found = mapped->in_memory(offset, count);
    ASSERT_EQ(found.size(), count) << offset;
    EXPECT_TRUE(is_text(found, offset)) << offset;
    mapped->release(offset, count);
    EXPECT_TRUE(is_text(found, offset)) << "released pages come back";
  }
  EXPECT_TRUE(mapped->is_intact());
  EXPECT_TRUE(mapped->in_memory(0, bytes + 1).empty());
  EXPECT_TRUE(mapped->in_memory(bytes, 1).empty());
  EXPECT_TRUE(mapped->in_memory(7, 0).empty());
}

TEST_F(Mapped, WhatIsCutIsZeroAndSaid) {
  allow_mapped_files();
  const InputFile file(path_), other_file(path_);
  const auto mapped = map(file), other = map(other_file);
  const auto found = mapped->in_memory(0, bytes);
  ASSERT_EQ(found.size(), bytes);
  fs::resize_file(path_, 20'000);
  // Without the handler this ends the process.
  EXPECT_EQ(
      std::accumulate(found.begin() + 50'000, found.end(), 0u,
                      [](unsigned sum, std::byte b) { return sum + std::to_integer<unsigned>(b); }),
      0u);
  EXPECT_TRUE(is_text(found.first(20'000), 0));
  EXPECT_FALSE(mapped->is_intact());
  EXPECT_TRUE(mapped->in_memory(0, 10).empty()) << "it is to be read from now on";
  mapped->release(0, bytes);
  EXPECT_FALSE(other->is_intact()) << "shorter than it was";
  EXPECT_TRUE(other->in_memory(50'000, 10).empty());
}

TEST_F(Mapped, ACutWithinAPageIsSaidToo) {
  allow_mapped_files();
  const InputFile file(path_);
  const auto mapped = map(file);
  const auto found = mapped->in_memory(0, bytes);
  fs::resize_file(path_, bytes - 1);
  EXPECT_EQ(found.back(), std::byte{0});  // no signal
  EXPECT_FALSE(mapped->is_intact());
  EXPECT_TRUE(mapped->in_memory(0, 10).empty()) << "it is to be read from now on";
}

TEST_F(Mapped, MoreFilesThanThereIsRoomForAreRead) {
  allow_mapped_files();
  const InputFile file(path_);
  std::vector<std::unique_ptr<MappedFile>> all;
  while (auto mapped = map(file)) {
    all.push_back(std::move(mapped));
    ASSERT_LE(all.size(), 10'000u);
  }
  EXPECT_GE(all.size(), 100u);
  all.pop_back();
  EXPECT_NE(map(file), nullptr);
}

TEST_F(Mapped, OtherSignalsGoWhereTheyWent) {
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, SIG_DFL);  // a sanitizer has one of its own
        allow_mapped_files();
        std::raise(SIGBUS);
      },
      ::testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, [](int) { std::_Exit(7); });
        allow_mapped_files();
        std::raise(SIGBUS);
      },
      ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace quickbeam::io
