// SPDX-License-Identifier: BSD-3-Clause
// Which files a command line names, in which order, and which of them are selected.
#include "host/cli/inputs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "tests/host/temporary_folder.hpp"

namespace quickbeam::cli {
namespace {

using Names = std::vector<std::string>;

TEST(NaturalLess, DigitsCompareAsNumbers) {
  const Names ascending = {
      "",  "a",     "a1",     "a2",    "a9", "a10",   "a10b",  "a100", "a1000000000000000000000",
      "b", "f_1_9", "f_1_10", "f_2_1", "g",  "g.cbf", "g1.cbf"};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(natural_less(ascending[i], ascending[j]), i < j)
          << ascending[i] << " " << ascending[j];
}

TEST(NaturalLess, LeadingZerosDecideOnlyWhatIsEqualOtherwise) {
  EXPECT_TRUE(natural_less("f007", "f8"));
  EXPECT_TRUE(natural_less("f8", "f009"));
  EXPECT_TRUE(natural_less("f08", "f8"));
  EXPECT_FALSE(natural_less("f8", "f08"));
  EXPECT_TRUE(natural_less("f08_1", "f8_2"));
  EXPECT_TRUE(natural_less("f8_1", "f08_2")) << "the next number counts more than zeros";
  EXPECT_TRUE(natural_less("f0", "f00") != natural_less("f00", "f0"));
}

TEST(NaturalLess, OtherBytesCompareUnsigned) {
  EXPECT_TRUE(natural_less("z", "\xc3\xa9"));
  EXPECT_FALSE(natural_less("\xff", "a"));
  EXPECT_TRUE(natural_less("9", "a"));
  EXPECT_TRUE(natural_less("-9", "1")) << "a dash is no sign";
}

TEST(NaturalLess, IsAStrictWeakOrder) {
  std::mt19937 random(17);
  const std::string letters = "0019ab_\xff";
  const auto word = [&] {
    std::string text(random() % 6, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  for (int i = 0; i < 200000; ++i) {
    const std::string a = word(), b = word(), c = word();
    ASSERT_FALSE(natural_less(a, a)) << a;
    ASSERT_EQ(natural_less(a, b) || natural_less(b, a), a != b) << a << ' ' << b;
    ASSERT_FALSE(natural_less(a, b) && natural_less(b, a)) << a << ' ' << b;
    if (natural_less(a, b) && natural_less(b, c)) {
      ASSERT_TRUE(natural_less(a, c)) << a << ' ' << b << ' ' << c;
    }
  }
}

Names numbered(std::size_t count) {
  Names items;
  for (std::size_t i = 0; i < count; ++i) items.push_back(std::to_string(i));
  return items;
}

TEST(SelectItems, FirstLastAndEvery) {
  EXPECT_EQ(select_items(numbered(5), ""), numbered(5));
  EXPECT_EQ(select_items(numbered(5), "first"), (Names{"0"}));
  EXPECT_EQ(select_items(numbered(5), "last"), (Names{"4"}));
  EXPECT_EQ(select_items(numbered(5), "every:2"), (Names{"0", "2", "4"}));
  EXPECT_EQ(select_items(numbered(5), "every:1"), numbered(5));
  EXPECT_EQ(select_items(numbered(5), "every:5"), (Names{"0"}));
  EXPECT_EQ(select_items(numbered(5), "every:18446744073709551615"), (Names{"0"}));
}

TEST(SelectItems, SpreadTakesSoManyWithBothEnds) {
  EXPECT_EQ(select_items(numbered(5), "spread:1"), (Names{"0"}));
  EXPECT_EQ(select_items(numbered(5), "spread:2"), (Names{"0", "4"}));
  EXPECT_EQ(select_items(numbered(5), "spread:3"), (Names{"0", "2", "4"}));
  for (const std::size_t count : {1U, 2U, 3U, 10U, 97U})
    for (std::size_t n = 1; n <= count + 3; ++n) {
      const Names chosen = select_items(numbered(count), "spread:" + std::to_string(n));
      ASSERT_EQ(chosen.size(), std::min(n, count)) << n << " of " << count;
      EXPECT_EQ(chosen.front(), "0");
      if (n == 1) continue;
      EXPECT_EQ(chosen.back(), std::to_string(count - 1));
      std::set<std::size_t> gaps;
      for (std::size_t i = 1; i < chosen.size(); ++i)
        gaps.insert(std::stoul(chosen[i]) - std::stoul(chosen[i - 1]));
      EXPECT_TRUE(gaps.empty() || *gaps.rbegin() - *gaps.begin() <= 1) << n << " of " << count;
    }
}

TEST(SelectItems, NoneOneAndTwoItems) {
  for (const std::string word : {"first", "last", "every:3", "spread:4", "first,last"}) {
    EXPECT_TRUE(select_items({}, word).empty());
    EXPECT_EQ(select_items(numbered(1), word), numbered(1));
  }
  EXPECT_EQ(select_items(numbered(2), "first,last"), numbered(2));
  EXPECT_EQ(select_items(numbered(2), "every:2"), (Names{"0"}));
  EXPECT_EQ(select_items(numbered(2), "spread:9"), numbered(2));
}

TEST(SelectItems, NumbersAndRangesCountFromOne) {
  EXPECT_EQ(select_items(numbered(9), "1"), (Names{"0"}));
  EXPECT_EQ(select_items(numbered(9), "3-5"), (Names{"2", "3", "4"}));
  EXPECT_EQ(select_items(numbered(9), "8-99,2,9"), (Names{"1", "7", "8"}));
  EXPECT_TRUE(select_items(numbered(9), "10").empty());
  EXPECT_TRUE(select_items(numbered(9), "5-3").empty());
}

TEST(SelectItems, SeveralWordsKeepTheOrderAndEachItemOnce) {
  EXPECT_EQ(select_items(numbered(9), "last,every:4,first"), (Names{"0", "4", "8"}));
  EXPECT_EQ(select_items(numbered(9), "first,first"), (Names{"0"}));
}

TEST(SelectItems, BadWordsAreUsageErrors) {
  for (const std::string word : {"frist",
                                 "every",
                                 "every:",
                                 "every:0",
                                 "every:-1",
                                 "every:x",
                                 "every:2x",
                                 "spread:",
                                 "spread:0",
                                 "spread:99999999999999999999",
                                 "first,,last",
                                 ",",
                                 "first,lats",
                                 " first",
                                 "FIRST",
                                 "0",
                                 "3-",
                                 "-3",
                                 "3-x",
                                 "2-3-4",
                                 "99999999999999999999"}) {
    try {
      select_items(numbered(4), word);
      ADD_FAILURE() << "accepted: " << word;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::usage);
      EXPECT_EQ(error.info().field, "--select");
    }
  }
}

TEST(Resolve, FoldersAndPatternsAreSortedGivenNamesAreNot) {
  const test::TemporaryFolder folder;
  for (const char* name : {"f10.cbf", "f9.cbf", "f1.cbf.gz", "f2.npy", "notes.txt", ".x"})
    test::write_text(folder / name, "");
  const auto in = [&](Names names) {
    for (auto& name : names) name = folder / name;
    return names;
  };
  const Names sorted = in({"f1.cbf.gz", "f2.npy", "f9.cbf", "f10.cbf"});
  EXPECT_EQ((Inputs{.given = {folder.path()}}.resolve()), sorted);
  EXPECT_EQ((Inputs{.given = {folder / "f*"}}.resolve()), sorted);
  const Names mixed = in({"f10.cbf", "absent.cbf", "f9.cbf"});
  EXPECT_EQ((Inputs{.given = mixed}.resolve()), mixed) << "what is absent fails by itself, later";
  test::write_text(folder / "list", mixed[0] + "\r\n\n" + mixed[1] + "\n" + mixed[2]);
  EXPECT_EQ((Inputs{.given = {"@" + folder / "list"}}.resolve()), mixed);
  EXPECT_EQ((Inputs{.files_from = folder / "list", .select = "last"}.resolve()), in({"f9.cbf"}));
}

TEST(Resolve, NothingFoundIsAnError) {
  const test::TemporaryFolder folder;
  const auto code = [](const Inputs& inputs) {
    try {
      inputs.resolve();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::checksum;  // stands for "no error"
  };
  EXPECT_EQ(code({}), ErrorCode::usage);
  EXPECT_EQ(code({.given = {folder.path()}}), ErrorCode::not_found);
  EXPECT_EQ(code({.given = {folder / "*.cbf"}}), ErrorCode::not_found);
  EXPECT_EQ(code({.given = {"@" + folder / "list"}}), ErrorCode::not_found);
  EXPECT_EQ(code({.files_from = folder / "list"}), ErrorCode::not_found);
}

}  // namespace
}  // namespace quickbeam::cli
