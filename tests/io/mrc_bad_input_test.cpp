// SPDX-License-Identifier: BSD-3-Clause
// The M rows of the catalogue of bad inputs: code, field, offset and words of every fault.
#include <cmath>
#include <limits>

#include "tests/io/containers.hpp"
#include "tests/io/stack_fault_row.hpp"
#include "tests/io/stack_reading.hpp"

namespace quickbeam::io {
namespace {

using oracle::Bytes;
using oracle::mrc_file;
using oracle::MrcShape;

const std::string path = "run7.mrc";
constexpr MrcShape good_shape{16, 20, 3, 2};  // 3,840 bytes of pixels
constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();

std::string edited(std::vector<std::pair<std::size_t, std::int64_t>> words,
                   MrcShape shape = good_shape) {
  Bytes file = mrc_file(shape);
  for (const auto& [word, value] : words) file.word(word, value);
  return file.text;
}

std::vector<StackRow> cut_rows() {
  const std::string good = edited({});
  const auto row = [&](const std::string& id, std::size_t size, std::vector<std::string> words,
                       std::optional<std::uint64_t> frame) {
    return StackRow{
        id, good.substr(0, size), ErrorCode::truncated, "data", size, std::move(words), frame};
  };
  std::vector<StackRow> rows;
  rows.push_back({"M01", "", ErrorCode::truncated, "file", 0, {"0 bytes"}});
  rows.push_back({"M02",
                  good.substr(0, 1023),
                  ErrorCode::truncated,
                  "header",
                  1023,
                  {"1024 bytes", "found 1023"}});
  rows.push_back(row("M03", 1024, {"1280 bytes of image 1 of 3", "0 present"}, 1));
  rows.push_back(row("M04", 1024 + 2000, {"1280 bytes of image 2 of 3", "720 present"}, 2));
  rows.push_back(row("M05", 1024 + 3839, {"1280 bytes of image 3 of 3", "1279 present"}, 3));
  const MrcShape one{16, 60, 1, 2};
  rows.push_back({"M03 one image",
                  edited({}, one).substr(0, 1024),
                  ErrorCode::truncated,
                  "data",
                  1024,
                  {"3840 bytes", "0 present"}});
  rows.push_back({"M05 one image",
                  edited({}, one).substr(0, 1024 + 3839),
                  ErrorCode::truncated,
                  "data",
                  1024 + 3839,
                  {"3840 bytes", "3839 present"}});
  MrcShape complex = good_shape;
  complex.mode = 4;
  rows.push_back({"M38",
                  edited({}, complex).substr(0, 1024 + 3840),
                  ErrorCode::truncated,
                  "data",
                  1024 + 3840,
                  {"2560 bytes of image 2 of 3", "1280 present"},
                  2});
  return rows;
}

std::vector<StackRow> size_rows() {
  std::vector<StackRow> rows;
  const auto big = [&](const std::string& id, std::int64_t nx, std::int64_t ny, std::int64_t nz,
                       std::int64_t mode, ErrorCode code, std::vector<std::string> words) {
    const bool truncated = code == ErrorCode::truncated;
    rows.push_back({id, edited({{1, nx}, {2, ny}, {3, nz}, {4, mode}}), code,
                    truncated ? "data" : "NX x NY x NZ", truncated ? 1024 + 3840U : 0U,
                    std::move(words), std::nullopt});
  };
  rows.push_back({"M07", edited({{1, -16}}), ErrorCode::bad_field, "NX (word 1)", 0, {"-16"}});
  rows.push_back({"M07 y", edited({{2, -16}}), ErrorCode::bad_field, "NY (word 2)", 4, {"-16"}});
  rows.push_back({"M08", edited({{1, 0}}), ErrorCode::bad_field, "NX (word 1)", 0, {"above 0"}});
  rows.push_back({"M08 z", edited({{3, 0}}), ErrorCode::bad_field, "NZ (word 3)", 8, {"found 0"}});
  big("M09", most, most, most, 2, ErrorCode::overflow, {"2147483647 x 2147483647 x 2147483647"});
  big("M10", 65536, 65536, 1, 2, ErrorCode::truncated, {"17179869184 bytes", "3840 present"});
  big("M11", most, most, 1, 2, ErrorCode::overflow, {"2^63"});
  big("M12", 1 << 30, 1 << 30, 1, 4, ErrorCode::overflow, {"2^63"});
  big("M12 as 16 images", 1 << 30, 1 << 30, 16, 0, ErrorCode::overflow, {"2^63"});
  big("M39", 40000, 40000, 1, 2, ErrorCode::truncated, {"6400000000 bytes"});
  return rows;
}

std::vector<StackRow> field_rows() {
  const auto row = [](const std::string& id, std::size_t word, std::int64_t value, ErrorCode code,
                      const std::string& field, std::vector<std::string> words) {
    return StackRow{id, edited({{word, value}}), code, field, 4 * (word - 1), std::move(words), {}};
  };
  std::vector<StackRow> rows;
  rows.push_back(
      row("M13", 4, 154285104, ErrorCode::bad_field, "MODE", {"154285104", "looks overwritten"}));
  rows.push_back(row("M14", 4, -1, ErrorCode::bad_field, "MODE", {"found -1"}));
  rows.push_back(row("M15", 4, 5, ErrorCode::unsupported, "MODE", {"found 5"}));
  rows.push_back(row("M15 RGB", 4, 16, ErrorCode::unsupported, "MODE", {"found 16"}));
  rows.push_back(row("M17", 24, -1024, ErrorCode::bad_field, "NSYMBT", {"-1024"}));
  rows.push_back(row("M18", 24, most, ErrorCode::truncated, "NSYMBT",
                     {"2147483647 bytes of extended header", "3840 present"}));
  rows.push_back({"M19",
                  edited({{24, 3840}}),
                  ErrorCode::truncated,
                  "data",
                  1024 + 3840,
                  {"image 1 of 3", "0 present"},
                  1});
  rows.push_back({"M28",
                  edited({{17, 0}, {18, 9}, {19, -3}}),
                  ErrorCode::bad_field,
                  "MAPC..MAPS",
                  64,
                  {"0, 9, -3"}});
  rows.push_back({"M29",
                  edited({{17, 1}, {18, 1}, {19, 1}}),
                  ErrorCode::bad_field,
                  "MAPC..MAPS",
                  64,
                  {"1, 1, 1"}});
  rows.push_back({"M36",
                  edited({{23, 401}, {10, 2}}),
                  ErrorCode::inconsistent,
                  "NZ",
                  8,
                  {"a multiple of MZ (2)", "found 3"}});
  rows.push_back(
      {"M37", edited({{23, 401}, {10, 0}}), ErrorCode::bad_field, "MZ", 36, {"found 0"}});
  return rows;
}

std::vector<StackRow> foreign_rows() {
  const auto row = [](const std::string& id, const std::string& bytes, const std::string& found) {
    return StackRow{id, bytes, ErrorCode::not_this_format, "file", 0, {"an MRC header", found}, {}};
  };
  std::string noise;
  for (int i = 0; i < 4000; ++i) noise += static_cast<char>(1 + i * 73 % 97);
  return {row("M31", std::string(4864, '\0'), "zeros only"),
          row("M32", std::string(4864, '\xff'), "bytes 0xff only"),
          row("M33", "<!DOCTYPE html><html>" + std::string(4000, ' '), "an HTML page"),
          row("M34", std::string("II*\0", 4) + std::string(4000, '\x07'), "a TIFF image"),
          row("M34 big", std::string("MM\0*", 4) + std::string(4000, '\x07'), "a TIFF image"),
          row("short text", "hello, this is a note", "text: hello"),
          row("other bytes", noise, "bytes ")};
}

TEST(MrcBadInput, EveryFaultIsNamedWithItsPlace) {
  for (const auto& rows : {cut_rows(), size_rows(), field_rows(), foreign_rows()})
    for (const auto& row : rows) expect_fault(row, path, "MRC");
}

TEST(MrcBadInput, AcceptedWithANotice) {
  const std::string good = edited({});
  expect_notice("M06", good + std::string(400, 'x'), path, {"400 bytes more", "left out"},
                ErrorCode::inconsistent);
  expect_notice("M30", edited({{56, most}}), path, {"NLABL", "2147483647"}, ErrorCode::bad_field);
  std::string no_stamp = good, no_map = good, swapped_stamp = good;
  no_stamp.replace(212, 4, std::string(4, '\0'));
  no_map.replace(208, 4, std::string(4, '\0'));
  swapped_stamp.replace(212, 4, std::string("\x11\x11\0\0", 4));
  expect_notice("M23", no_stamp, path, {"MACHST", "little-endian"}, ErrorCode::bad_field);
  expect_notice("M24", no_map, path, {"MAP"}, ErrorCode::bad_field);
  expect_notice("M21", swapped_stamp, path, {"MACHST", "little-endian"}, ErrorCode::bad_field);
  MrcShape shape = good_shape;
  shape.big = true;
  std::string big = mrc_file(shape).text;
  EXPECT_TRUE(StackFile::over(oracle::as_span(big), path).info().notices.empty()) << "M20";
  big.replace(212, 4, std::string("DD\0\0", 4));
  expect_notice("M22", big, path, {"MACHST", "big-endian"}, ErrorCode::bad_field);
  big.replace(208, 8, std::string(8, '\0'));
  EXPECT_EQ(StackFile::over(oracle::as_span(big), path).info().notices.size(), 2U) << "M25";
}

TEST(MrcBadInput, OddStatisticsAreNoFault) {
  for (const float odd : {NAN, INFINITY, -INFINITY}) {
    Bytes file = mrc_file(good_shape);
    for (const std::size_t word : {20u, 21u, 22u, 55u}) file.real(word, odd);
    const StackFile stack = StackFile::over(oracle::as_span(file.text), path);  // M35
    EXPECT_TRUE(stack.info().notices.empty());
    EXPECT_FALSE(stack.info().statistics.min || stack.info().statistics.mean ||
                 stack.info().statistics.sd);
    for (std::size_t i = 1024; i < file.text.size(); i += 4) file.set(i, Bytes::bits_of(odd), 4);
    const auto values = test::read_values(StackFile::over(oracle::as_span(file.text), path));
    for (const double value : values) ASSERT_FALSE(std::isfinite(value));  // M26, M27
  }
}

TEST(MrcBadInput, RowsOfHalfBytesBeginWithAWholeByte) {  // M16
  const MrcShape shape{5, 3, 2, 101};
  const std::string bytes = edited({}, shape);
  ASSERT_EQ(bytes.size(), 1024U + 3 * 3 * 2);
  const StackFile file = StackFile::over(oracle::as_span(bytes), path);
  const auto values = test::read_values(file);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(values[i], oracle::mrc_value(shape, static_cast<std::int64_t>(i))) << i;
}

TEST(MrcBadInput, ACutStackCanBeReadAsFarAsItGoes) {
  const std::string bytes = edited({}).substr(0, 1024 + 2 * 1280 + 5);
  const StackFile file = StackFile::over(oracle::as_span(bytes), path, {.cut = Cut::keep_whole});
  EXPECT_EQ(file.info().count, 2);
  ASSERT_EQ(file.info().notices.size(), 1U);
  EXPECT_NE(file.info().notices[0].find("first 2 of 3"), std::string::npos);
  EXPECT_EQ(test::read_values(file).size(), 2U * 16 * 20);
  test::expect_error(ErrorCode::truncated, [&] {
    StackFile::over(oracle::as_span(bytes).first(1500), path, {.cut = Cut::keep_whole});
  });
}

TEST(MrcBadInput, WhatIsUnpackedIsLimitedByTheHeader) {  // M40
  test::TemporaryFolder folder;
  const std::string tail = edited({}) + std::string(std::size_t{8} << 20, '\0');
  test::write_text(folder / "tail.mrc.gz", test::gzip(tail));
  test::write_text(folder / "tail.mrc.bz2", test::bzip2(tail));
  for (const char* name : {"tail.mrc.gz", "tail.mrc.bz2"}) {
    const auto error =
        test::expect_error(ErrorCode::limit, [&] { StackFile::open(folder / name); });
    EXPECT_EQ(error.expected,
              "at most " + std::to_string(1024 + 3840 + (1 << 20)) + " unpacked bytes");
  }
  const std::string huge = edited({{1, 40000}, {2, 40000}});
  test::write_text(folder / "huge.mrc.gz", test::gzip(huge));
  EXPECT_EQ(
      test::expect_error(ErrorCode::truncated, [&] { StackFile::open(folder / "huge.mrc.gz"); })
          .field,
      "data");
  test::write_text(folder / "cut.mrc.gz", test::gzip(edited({})).substr(0, 300));
  test::expect_error(ErrorCode::truncated, [&] { StackFile::open(folder / "cut.mrc.gz"); });
}

}  // namespace
}  // namespace quickbeam::io
