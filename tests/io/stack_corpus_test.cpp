// SPDX-License-Identifier: BSD-3-Clause
// The saved fuzz corpora of the stack formats are what the builder makes; with
// QUICKBEAM_WRITE_CORPUS set in the environment they are written again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/stack_builder.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using oracle::Bytes;
using oracle::mrc_file;
using oracle::spider_file;
using Corpus = std::map<std::string, std::string>;

std::string with_words(Bytes file, std::initializer_list<std::pair<int, int>> words) {
  for (const auto& [word, value] : words) file.word(static_cast<std::size_t>(word), value);
  return file.text;
}

Corpus mrc_corpus() {
  Corpus files;
  for (const int mode : {0, 1, 2, 3, 4, 6, 12, 101})
    files["mode" + std::to_string(mode)] = mrc_file({3, 2, 2, mode}).text;
  files["big_endian"] = mrc_file({3, 2, 2, 1, true}).text;
  files["volumes"] = with_words(mrc_file({2, 2, 4}), {{23, 401}, {10, 2}});
  files["axes"] = with_words(mrc_file({2, 2, 1}), {{17, 3}, {18, 1}, {19, 2}});
  files["imod"] = with_words(mrc_file({2, 2, 1, 0}), {{39, 1146047817}, {40, 17}});
  files["labels"] = with_words(mrc_file({2, 2, 1}), {{56, 11}});
  Bytes unmarked = mrc_file({2, 2, 1});
  unmarked.text.replace(208, 8, std::string(8, '\0'));
  files["unmarked"] = unmarked.text;
  Bytes extended = mrc_file({2, 2, 1});
  extended.text.insert(1024, "extended");
  files["extended"] = with_words(extended, {{24, 8}});
  files["cut"] = mrc_file({3, 2, 2}).text.substr(0, 1060);
  files["huge"] = with_words(mrc_file({2, 2, 1}), {{1, 1 << 30}, {2, 1 << 30}});
  return files;
}

Corpus spider_corpus() {
  Corpus files;
  files["image"] = spider_file({5, 2, 1, 0}).text;
  files["stack"] = spider_file({5, 2, 1, 2}).text;
  files["big_endian"] = spider_file({5, 2, 1, 2, true}).text;
  files["volume"] = spider_file({2, 2, 3, 0}).text;
  files["volumes"] = spider_file({2, 2, 2, 2}).text;
  files["wide"] = spider_file({300, 1, 1, 1}).text;
  files["cut"] = files["stack"].substr(0, files["stack"].size() - 3);
  Bytes odd = spider_file({5, 2, 1, 0});
  odd.real(13, 7);
  odd.real(27, 5);
  odd.real(1, -1);
  files["oddities"] = odd.text;
  Bytes mixed = spider_file({64, 1, 1, 2});
  mixed.text.replace(1024, 1024, spider_file({64, 1, 1, 2, true}).text, 1024, 1024);
  files["mixed_orders"] = mixed.text;
  return files;
}

void expect_saved(const std::string& name, const Corpus& corpus) {
  const auto folder = std::filesystem::path(test::source_folder()) / "tests/fuzz/corpus" / name;
  if (std::getenv("QUICKBEAM_WRITE_CORPUS") != nullptr) std::filesystem::create_directories(folder);
  for (const auto& [file, bytes] : corpus) {
    const std::string path = (folder / file).string();
    if (std::getenv("QUICKBEAM_WRITE_CORPUS") != nullptr) test::write_text(path, bytes);
    EXPECT_EQ(test::read_text(path), bytes) << path;
    EXPECT_LT(bytes.size(), 8192U) << path;
  }
}

TEST(StackCorpus, TheSavedFilesAreTheGeneratedOnes) {
  expect_saved("mrc", mrc_corpus());
  expect_saved("spider", spider_corpus());
}

}  // namespace
}  // namespace quickbeam
