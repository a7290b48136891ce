// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "io/particle_set.hpp"
#include "io/star_tokens.hpp"
#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;

/// A file and the fault it must be refused with (rows T of the catalogue of bad inputs).
struct Row {
  const char* id;
  std::string text;
  ErrorCode code;
  std::string field;               ///< with line and column
  std::vector<std::string> words;  ///< must stand in the message
};

void expect_fault(const Row& row) {
  SCOPED_TRACE(row.id);
  const auto info =
      expect_error(row.code, [&] { parse_particle_set(bytes_of(row.text), "run7.star"); });
  EXPECT_EQ(info.path, "run7.star");
  EXPECT_EQ(info.format, "STAR");
  EXPECT_EQ(info.field, row.field);
  EXPECT_TRUE(info.offset.has_value());
  const std::string message = to_string(info);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  for (const auto& word : row.words)
    EXPECT_NE(message.find(word), std::string::npos) << word << " in " << message;
}

const std::string head = "data_\nloop_\n_rlnImageName\n_rlnVoltage\n";  // rows begin in line 5

std::string optics(const std::string& rows) {
  return "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n" + rows +
         "\ndata_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n1@a.mrcs 1\n";
}

TEST(StarBadInput, FilesThatAreNoStar) {
  for (const Row& row : std::vector<Row>{
           {"T01 empty", "", ErrorCode::not_this_format, "file at line 1, column 1", {"0 bytes"}},
           {"T01 comments only",
            "# hello\n\n",
            ErrorCode::not_this_format,
            "file at line 1, column 1",
            {"data_"}},
           {"T01 html",
            "<html></html>",
            ErrorCode::not_this_format,
            "file at line 1, column 1",
            {"an HTML page"}},
           {"T01 rows only",
            "\n1 2 3\n",
            ErrorCode::not_this_format,
            "file at line 2, column 1",
            {}},
       })
    expect_fault(row);
}

TEST(StarBadInput, RowsOfTheWrongLength) {
  for (const Row& row : std::vector<Row>{
           {"T02",
            head + "1@a 300\n2@a",
            ErrorCode::inconsistent,
            "row at line 6, column 1",
            {"1 of 2 columns"}},
           {"T03 more",
            head + "1@a 300 x\n",
            ErrorCode::inconsistent,
            "row at line 5, column 9",
            {"expected 2 columns", "found 3"}},
           {"T03 fewer",
            head + "1@a 300\n  2@a\n3@a 300\n",
            ErrorCode::inconsistent,
            "row at line 6, column 3",
            {"1 of 2 columns"}},
           {"T03 quoted",
            head + "'1@a 300'\n",
            ErrorCode::inconsistent,
            "row at line 5, column 1",
            {"1 of 2 columns"}},
           {"value without label",
            "data_\n_a 1 2\n",
            ErrorCode::inconsistent,
            "value at line 2, column 6",
            {"found 2"}},
           {"label without value",
            "data_\n_a\n_b 2\n",
            ErrorCode::bad_field,
            "_a at line 2, column 1",
            {}},
       })
    expect_fault(row);
}

TEST(StarBadInput, LabelsAndBlocks) {
  for (const Row& row : std::vector<Row>{
           {"T05",
            "data_x\nloop_\n_rlnA\n_rlnB\n1 2\n",
            ErrorCode::bad_field,
            "_rlnImageName at line 1, column 1",
            {"_rlnA _rlnB"}},
           {"T05 no table",
            "data_x\n",
            ErrorCode::bad_field,
            "_rlnImageName at line 1, column 1",
            {"no table"}},
           {"T12 label",
            "data_\nloop_\n_a\n_b\n_a\n",
            ErrorCode::inconsistent,
            "_a at line 5, column 1",
            {"line 3, column 1"}},
           {"T12 pair",
            "data_\n_a 1\n_a 2\n",
            ErrorCode::inconsistent,
            "_a at line 3, column 1",
            {"line 2, column 1"}},
           {"T12 block",
            "data_x\n_a 1\ndata_x\n_b 1\n",
            ErrorCode::inconsistent,
            "data_x at line 3, column 1",
            {"line 1, column 1"}},
           {"T12 loop",
            "data_\nloop_\ndata_b\n",
            ErrorCode::inconsistent,
            "loop_ at line 2, column 1",
            {}},
           {"T12 loop at the end",
            "data_\n\nloop_",
            ErrorCode::inconsistent,
            "loop_ at line 3, column 1",
            {}},
       })
    expect_fault(row);
}

TEST(StarBadInput, ImageNames) {
  for (const char* name : {"0@f.mrcs", "-1@f.mrcs", "99999999999999999999@f.mrcs", "1.5@f.mrcs",
                           "@f", "1@@f", "1@", "x@f", "+1@f", "0x1@f", "''"})
    expect_fault({name,
                  head + "1@a 300\n " + name + " 300\n",
                  ErrorCode::bad_field,
                  "_rlnImageName at line 6, column 2",
                  {"N@file"}});
  expect_fault({"T06 32 bit",
                head + "4294967296@a 1\n",
                ErrorCode::limit,
                "_rlnImageName at line 5, column 1",
                {"4294967295"}});
  for (const char* name :
       {"1@../../etc/passwd", "1@/etc/passwd", "2@a/../../b.mrcs", "1@..", "/x.mrc"})
    expect_fault({"T08",
                  head + name + " 300\n",
                  ErrorCode::path_escape,
                  "_rlnImageName at line 5, column 1",
                  {"--allow-outside"}});
}

TEST(StarBadInput, TextThatIsNone) {
  const std::string nul("1@a\0b 300\n", 10);
  for (const Row& row : std::vector<Row>{
           {"T11 NUL", head + nul, ErrorCode::bad_field, "text at line 5, column 4", {"0x00"}},
           {"T11 UTF-8",
            head + "1@a\xff 300\n",
            ErrorCode::bad_field,
            "text at line 5, column 4",
            {"UTF-8", "0xff"}},
           {"T11 overlong",
            head + "1@\xc0\xaf 300\n",
            ErrorCode::bad_field,
            "text at line 5, column 3",
            {"UTF-8"}},
           {"T11 surrogate",
            head + "1@\xed\xa0\x80 300\n",
            ErrorCode::bad_field,
            "text at line 5, column 3",
            {"UTF-8"}},
           {"T11 cut sequence",
            head + "1@a 300\n# \xc3",
            ErrorCode::bad_field,
            "text at line 6, column 3",
            {"UTF-8"}},
           {"T11 quote",
            head + "'1@a 300\n",
            ErrorCode::bad_field,
            "quoted value at line 5, column 1",
            {"closing '"}},
           {"T11 text block",
            head + "1@a\n;300\n300\n",
            ErrorCode::bad_field,
            "text block at line 6, column 1",
            {"';'"}},
           {"text block, then no blank (found by fuzzing)",
            head + "1@a\n;300\n;x\n",
            ErrorCode::bad_field,
            "text block at line 7, column 2",
            {"found x"}},
           {"T11 token",
            head + std::string(1000000, 'x') + " 300\n",
            ErrorCode::limit,
            "value at line 5, column 1",
            {"65536", "1000000"}},
       })
    expect_fault(row);
  // What is text stays accepted.
  EXPECT_EQ(
      parse_particle_set(bytes_of(head + "1@\xc3\xa9/\xf0\x9f\x94\xac.mrcs 300\n"), "a").files[0],
      "\xc3\xa9/\xf0\x9f\x94\xac.mrcs");
}

TEST(StarBadInput, Numbers) {
  for (const char* bad : {"nan", "inf", "1e999", "1,5", "", "x"})
    expect_fault({"T13",
                  head + "1@a '" + bad + "'\n",
                  ErrorCode::bad_field,
                  "_rlnVoltage at line 5, column 5",
                  {"finite number"}});
  for (const Row& row : std::vector<Row>{
           {"pixel 0",
            optics("1 0 64\n"),
            ErrorCode::bad_field,
            "_rlnImagePixelSize at line 6, column 3",
            {"above 0"}},
           {"pixel nan",
            optics("1 nan 64\n"),
            ErrorCode::bad_field,
            "_rlnImagePixelSize at line 6, column 3",
            {}},
           {"size -1",
            optics("1 1 -1\n"),
            ErrorCode::bad_field,
            "_rlnImageSize at line 6, column 5",
            {}},
           {"size 1.5",
            optics("1 1 1.5\n"),
            ErrorCode::bad_field,
            "_rlnImageSize at line 6, column 5",
            {"whole"}},
           {"group twice",
            optics("1 1 8\n1 2 8\n"),
            ErrorCode::inconsistent,
            "_rlnOpticsGroup at line 7, column 1",
            {"twice"}},
           {"group unknown",
            optics("2 1 8\n"),
            ErrorCode::inconsistent,
            "_rlnOpticsGroup at line 12, column 10",
            {"optics table"}},
       })
    expect_fault(row);
}

/// A small file with every construct.
const std::string good =
    "# version 30001\ndata_optics\n\nloop_ \n_rlnOpticsGroup #1 \n_rlnOpticsGroupName #2 \n"
    "_rlnImagePixelSize #3 \n1 'group 1' 1.5\n2 \"g2\" 2.5\n\ndata_particles\nloop_\n"
    "_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnNote #3\n000001@a.mrcs 1 x\n000003@b.mrcs 2\n"
    ";a text\nof two lines\n;\n000002@a.mrcs 1 y # remark\n\ndata_general\n_rlnKey value\n";

TEST(StarBadInput, EveryTruncationIsAnErrorOrAPrefix) {
  const ParticleSet whole = parse_particle_set(bytes_of(good), "a.star");
  ASSERT_EQ(whole.images.size(), 3u);
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < good.size(); ++n) {
    SCOPED_TRACE(n);
    const std::string text = good.substr(0, n);
    ParticleSet set;
    const auto error = test::error_of([&] { set = parse_particle_set(bytes_of(text), "a.star"); });
    if (error) {
      EXPECT_NE(error->field.find("line "), std::string::npos) << to_string(*error);
      EXPECT_LE(*error->offset, n);
      continue;
    }
    ++accepted;
    ASSERT_LE(set.images.size(), whole.images.size());
    for (std::size_t i = 0; i < set.images.size(); ++i) {
      EXPECT_EQ(set.images[i].number, whole.images[i].number);
      EXPECT_EQ(set.files[set.images[i].file], whole.files[whole.images[i].file]);
      EXPECT_EQ(set.images[i].group, whole.images[i].group);
    }
    EXPECT_EQ(set.notices.empty(), n == 0 || text.back() == '\n');
  }
  EXPECT_GT(accepted, 20u);
}

TEST(StarBadInput, FlippedBytesNeverGiveWildNumbers) {
  std::size_t accepted = 0, refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string text = good;
      text[i] = static_cast<char>(text[i] ^ flip);
      ParticleSet set;
      if (test::error_of([&] { set = parse_particle_set(bytes_of(text), "a.star"); })) {
        ++refused;
        continue;
      }
      ++accepted;
      for (const auto& image : set.images) {
        ASSERT_LT(image.file, set.files.size());
        ASSERT_LT(image.group, set.groups.size());
        ASSERT_LT(image.row, set.rows);
      }
    }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

TEST(StarBadInput, AMillionRowsAreFine) {
  std::string text = head;
  for (int i = 1; i <= 1000000; ++i) text += std::to_string(i) + "@a.mrcs 300\n";
  const ParticleSet set = parse_particle_set(bytes_of(text), "a.star");
  EXPECT_EQ(set.images.size(), 1000000u);
  EXPECT_EQ(set.images.back().number, 1000000u);
  EXPECT_EQ(set.images.capacity(), 1000000u);
  EXPECT_EQ(set.files.size(), 1u);
}

}  // namespace
}  // namespace quickbeam::io
