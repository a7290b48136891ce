// SPDX-License-Identifier: BSD-3-Clause
// "Did you mean": distances between words, and when nothing is near enough.
#include "host/cli/suggest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace quickbeam::cli {
namespace {

TEST(EditDistance, CountsInsertionDeletionReplacementAndSwap) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("palette", "palette"), 0U);
  EXPECT_EQ(edit_distance("palete", "palette"), 1U);
  EXPECT_EQ(edit_distance("pallette", "palette"), 1U);
  EXPECT_EQ(edit_distance("pelette", "palette"), 1U);
  EXPECT_EQ(edit_distance("palttee", "palette"), 2U) << "a letter moved by two places";
  EXPECT_EQ(edit_distance("paeltte", "palette"), 1U) << "neighbours swapped";
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
  EXPECT_EQ(edit_distance("abcd", "badc"), 2U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(EditDistance, IsSymmetricAndBoundedByTheLengths) {
  std::mt19937 random(3);
  const auto word = [&] {
    std::string text(random() % 7, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = word(), b = word();
    const std::size_t distance = edit_distance(a, b);
    EXPECT_EQ(distance, edit_distance(b, a)) << a << ' ' << b;
    EXPECT_LE(distance, std::max(a.size(), b.size()));
    EXPECT_GE(distance, std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
    EXPECT_EQ(distance == 0, a == b);
  }
}

TEST(Nearest, IsTheClosestWithinAThirdOfTheWord) {
  const std::array<std::string, 4> names = {"thumb", "convert", "info", "simulate"};
  EXPECT_EQ(nearest("thumbs", names), "thumb");
  EXPECT_EQ(nearest("htumb", names), "thumb");
  EXPECT_EQ(nearest("simulaet", names), "simulate");
  EXPECT_EQ(nearest("inof", names), "info");
  EXPECT_EQ(nearest("sim", names), "") << "five letters are missing";
  EXPECT_EQ(nearest("abcdefgh", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("thumb", {}), "");
}

TEST(Nearest, TakesTheFirstOfEquallyNearOnes) {
  const std::array<std::string, 3> names = {"--sum", "--size", "--sun"};
  EXPECT_EQ(nearest("--su", names), "--sum");
  EXPECT_EQ(nearest("--sun", names), "--sun");
}

class Suggestion : public ::testing::Test {
 protected:
  Suggestion() {
    auto* thumb = app_.add_subcommand("thumb");
    thumb->add_option("--palette,-p", text_);
    auto* simulate = app_.add_subcommand("simulate");
    simulate->add_subcommand("frames")->add_option("--seed", text_);
  }
  std::string suggest(std::vector<std::string> words) {
    words.insert(words.begin(), "quickbeam");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    return suggestion(app_, static_cast<int>(argv.size()), argv.data());
  }
  CLI::App app_;
  std::string text_;
};

TEST_F(Suggestion, NamesCommandsAndOptionsAtEveryDepth) {
  EXPECT_EQ(suggest({"tumb"}), "Did you mean 'thumb'?");
  EXPECT_EQ(suggest({"--hepl"}), "Did you mean '--help'?");
  EXPECT_EQ(suggest({"thumb", "x.cbf", "--palete=jet"}), "Did you mean '--palette'?");
  EXPECT_EQ(suggest({"simulate", "frame"}), "Did you mean 'frames'?");
  EXPECT_EQ(suggest({"simulate", "frames", "--sede", "1"}), "Did you mean '--seed'?");
}

TEST_F(Suggestion, IsSilentWhenNothingIsWrongOrNear) {
  for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                 {"thumb"},
                                                                 {"thumb", "--palette", "jet"},
                                                                 {"thumb", "--qqqqqq"},
                                                                 {"xyzzyplugh"},
                                                                 {"simulate"}})
    EXPECT_EQ(suggest(words), "");
}

}  // namespace
}  // namespace quickbeam::cli
