// SPDX-License-Identifier: BSD-3-Clause
#include "io/star.hpp"

#include <random>

#include "tests/io/files.hpp"
#include "tests/oracle/star_lines.hpp"

namespace quickbeam::io {
namespace {

using test::expect_error;

/// The values of a table, row after row.
std::vector<std::vector<std::string>> values(const StarDocument& document, const StarTable& table) {
  std::vector<std::vector<std::string>> rows(table.rows());
  for (std::size_t r = 0; r < table.rows(); ++r)
    for (std::size_t c = 0; c < table.labels.size(); ++c)
      rows[r].emplace_back(document.cell(table, r, c).text);
  return rows;
}

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const std::string& text) {
  const StarDocument document(text, "a.star");
  return values(document, document.tables().front());
}

TEST(Star, ReadsLoopsPairsAndSeveralBlocks) {
  const std::string text =
      "# a comment\n\ndata_general\n\n_rlnA 1\n_rlnB 'two words'\n_rlnC\n;line 1\nline 2\n;\n"
      "data_\nloop_ \n_x #1 \n _y #2 [with a remark]\n1 2\n\t3\t 4 \n\n5 6";
  const StarDocument document(text, "a.star");
  ASSERT_EQ(document.tables().size(), 2u);
  const StarTable& pairs = document.tables()[0];
  EXPECT_EQ(pairs.block, "general");
  EXPECT_EQ(pairs.layout, StarLayout::pairs);
  EXPECT_EQ(values(document, pairs), (Rows{{"1", "two words", "line 1\nline 2"}}));
  const StarTable& loop = document.tables()[1];
  EXPECT_EQ(loop.block, "");
  EXPECT_EQ(loop.labels[1].text, "_y");
  EXPECT_EQ(values(document, loop), (Rows{{"1", "2"}, {"3", "4"}, {"5", "6"}}));
  EXPECT_FALSE(document.ends_with_line());
  EXPECT_EQ(document.with_label("_y"), &loop);
  EXPECT_EQ(document.with_label("_Y"), nullptr);
  EXPECT_EQ(document.block("general"), &pairs);
}

TEST(Star, QuotesCommentsAndTextBlocksInRows) {
  const std::string head = "data_\nloop_\n_a\n_b\n_c\n";
  EXPECT_EQ(rows_of(head + "'1 2' \"3 4\" 5\n"), (Rows{{"1 2", "3 4", "5"}}));
  EXPECT_EQ(rows_of(head + "it's a 'dog's tail' # 3\n"), (Rows{{"it's", "a", "dog's tail"}}));
  expect_error(ErrorCode::inconsistent, [&] { rows_of(head + "1 2 3 # more\n4 #5 6\n"); });
}

TEST(Star, OddRows) {
  const std::string head = "data_\nloop_\n_a\n_b\n_c\n";
  EXPECT_EQ(rows_of(head + "1 2 3 # more\n# only this\n4 a#5 6\n"),
            (Rows{{"1", "2", "3"}, {"4", "a#5", "6"}}));
  EXPECT_EQ(rows_of(head + "'' \"\" ''\n"), (Rows{{"", "", ""}}));
  EXPECT_EQ(rows_of(head + "1 2\n;text; of\n  two ; lines\n;\n4 5 6\n"),
            (Rows{{"1", "2", "text; of\n  two ; lines"}, {"4", "5", "6"}}));
  EXPECT_EQ(rows_of(head + ";a\n;\n;b\n;\n;c\n;\n"), (Rows{{"a", "b", "c"}}));
  EXPECT_EQ(rows_of(head + ";a\r\n; b ;c\r\n"), (Rows{{"a", "b", ";c"}}));
}

TEST(Star, FileNamesThatLookLikeHeadingsAreValuesInAFullRow) {
  EXPECT_EQ(rows_of("data_\nloop_\n_a\n_b\n_c\n_x.mrc 1 2\ndata_1/b.mrc 3 4\ndata_b\n"),
            (Rows{{"_x.mrc", "1", "2"}, {"data_1/b.mrc", "3", "4"}}));
  EXPECT_EQ(rows_of("data_\nloop_\n_a\n_b\n'_x' 2\nloop_\n_c\n1\n"), (Rows{{"_x", "2"}}));
  // A pair with a remark is no row, however many words the remark has (found by fuzzing).
  const StarDocument pair("data_\nloop_\n_a\n_b\n_c\n1 2 3\n_p * # x y\ndata_q # z\n", "a.star");
  EXPECT_EQ(pair.tables()[0].rows(), 1u);
  EXPECT_EQ(values(pair, pair.tables()[1]), (Rows{{"*"}}));
}

TEST(Star, LoopsMayBeEmptyOrOnOneLine) {
  const StarDocument pair("data_a\nloop_\n_x\n_y\n_z 1\n", "a.star");
  ASSERT_EQ(pair.tables().size(), 2u);
  EXPECT_EQ(pair.tables()[0].rows(), 0u);
  EXPECT_EQ(values(pair, pair.tables()[1]), (Rows{{"1"}}));
  const StarDocument empty("data_a\nloop_\n_x\n_y\n\ndata_b\nloop_\n_x\n1\n", "a.star");
  EXPECT_EQ(empty.tables()[0].rows(), 0u);
  EXPECT_EQ(empty.tables()[1].rows(), 1u);
  EXPECT_EQ(rows_of("data_ loop_ _x _y 1 2\n3 4\n"), (Rows{{"1", "2"}, {"3", "4"}}));
}

TEST(Star, LineEndsAndByteOrderMarkAreAccepted) {
  const std::string unix_text = "data_\n\nloop_\n_a #1\n_b #2\n1 'x y'\n3 4\n";
  std::string dos = "\xef\xbb\xbf";
  for (const char c : unix_text) dos += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(rows_of(dos), rows_of(unix_text));
  EXPECT_EQ(rows_of(dos.substr(0, dos.size() - 2)), rows_of(unix_text));
}

TEST(Star, EqualsTheNaiveReaderOnRandomTables) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    const std::size_t columns = 1 + random() % 40, rows = random() % 200;
    std::string text = "data_x\n\nloop_\n";
    for (std::size_t c = 0; c < columns; ++c) text += "_c" + std::to_string(c) + "\n";
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        text += std::string(c == 0 ? random() % 3 : 1 + random() % 5, random() % 4 ? ' ' : '\t');
        for (std::size_t n = 1 + random() % 20; n > 0; --n)
          text += static_cast<char>('a' + random() % 26);
      }
      text += random() % 2 ? " \n" : "\r\n";
      if (random() % 20 == 0) text += random() % 2 ? "\n" : " \t\r\n";
    }
    const StarDocument document(text, "a.star");
    EXPECT_EQ(values(document, document.tables()[0]), oracle::star_lines(text)["x"].rows);
  }
}

TEST(Star, ColumnsComeInTheOrderAskedFor) {
  const std::string text = "data_\nloop_\n_a\n_b\n_c\n1 2 3\n4 'five 5' 6\n";
  const StarDocument document(text, "a.star");
  const StarTable& table = document.tables()[0];
  const std::vector<std::size_t> wanted = {2, 0, 2, 1};
  StarColumns columns(document, table, wanted);
  const auto cells = columns.read(1);
  EXPECT_EQ(cells[0].text, "6");
  EXPECT_EQ(cells[1].text, "4");
  EXPECT_EQ(cells[2].text, "6");
  EXPECT_EQ(cells[3].text, "five 5");
  EXPECT_EQ(text.substr(cells[3].begin, cells[3].end - cells[3].begin), "'five 5'");
  EXPECT_EQ(columns.read(0)[0].text, "3");
}

TEST(Star, NumbersAreWholeTokensInEveryLocale) {
  const std::string text =
      "data_\nloop_\n_good\n_whole\n1.5 3\n-2e3 3.000000\n+0.25 -7\n.5 1e3\n"
      "nan 1.5\ninf x\n1e999 1e300\n1,5 ''\n1.5x 9007199254740994.0\n0x10 +-3\n";
  const StarDocument document(text, "a.star");
  const StarTable& table = document.tables()[0];
  const double numbers[] = {1.5, -2000, 0.25, 0.5};
  const std::int64_t wholes[] = {3, 3, -7, 1000};
  for (std::size_t r = 0; r < 4; ++r) {
    EXPECT_EQ(document.number(table, 0, document.cell(table, r, 0)), numbers[r]);
    EXPECT_EQ(document.whole_number(table, 1, document.cell(table, r, 1)), wholes[r]);
  }
  for (std::size_t r = 4; r < table.rows(); ++r) {
    SCOPED_TRACE(r);
    const auto bad = expect_error(ErrorCode::bad_field,
                                  [&] { document.number(table, 0, document.cell(table, r, 0)); });
    EXPECT_EQ(bad.field, "_good at line " + std::to_string(r + 5) + ", column 1");
    expect_error(ErrorCode::bad_field,
                 [&] { document.whole_number(table, 1, document.cell(table, r, 1)); });
  }
}

TEST(Star, TakesEightBytesARow) {
  std::string text = "data_\nloop_\n_a\n_b\n";
  for (int i = 0; i < 100000; ++i) text += "000001@a.mrcs " + std::to_string(i) + "\n";
  const StarDocument document(text, "a.star");
  const auto& starts = document.tables()[0].starts;
  EXPECT_EQ(starts.size(), 100000u);
  EXPECT_LE(starts.capacity() * sizeof(starts[0]), 100000u * 12);
}

TEST(StarValue, IsReadBackAsItWas) {
  for (const char* text :
       {"plain", "", "two words", "it's", "'quoted'", "\"x\"", "#1", "_label", "data_x", "loop_",
        ";x", "a;b", "$x", "[1,2]", "say \"hi\"", "\xc3\xa9"}) {
    SCOPED_TRACE(text);
    const std::string file = "data_\nloop_\n_a\n_b\n" + star_value(text) + " 1\n";
    EXPECT_EQ(rows_of(file), (Rows{{text, "1"}}));
  }
  for (const char* text : {"a\nb", "' \"", "tab\there"}) {
    SCOPED_TRACE(text);
    expect_error(ErrorCode::usage, [&] { star_value(text); });
  }
}

}  // namespace
}  // namespace quickbeam::io
