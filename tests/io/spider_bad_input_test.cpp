// SPDX-License-Identifier: BSD-3-Clause
// The S rows of the catalogue of bad inputs: code, field, offset and words of every fault.
#include <cmath>
#include <limits>

#include "tests/io/stack_fault_row.hpp"
#include "tests/io/stack_reading.hpp"

namespace quickbeam::io {
namespace {

using oracle::Bytes;
using oracle::spider_file;
using oracle::SpiderShape;

const std::string path = "run7.stk";
constexpr SpiderShape single{16, 12, 1, 0}, stack{16, 12, 1, 3};
constexpr std::size_t header = 1024, image = 16 * 12 * 4;

std::string edited(std::vector<std::pair<std::size_t, float>> words, const SpiderShape& shape) {
  Bytes file = spider_file(shape);
  for (const auto& [word, value] : words) file.real(word, value);
  return file.text;
}

/// A fault in one word.
StackRow word_row(const std::string& id, const SpiderShape& shape, std::size_t word, float value,
                  ErrorCode code, const std::string& name, std::vector<std::string> words) {
  return {id,
          edited({{word, value}}, shape),
          code,
          name + " (word " + std::to_string(word) + ")",
          4 * (word - 1),
          std::move(words)};
}

std::vector<StackRow> cut_rows() {
  const std::string one = edited({}, single), three = edited({}, stack);
  const std::size_t last = header + 2 * (header + image) + header;
  std::vector<StackRow> rows;
  rows.push_back({"S01", "", ErrorCode::truncated, "file", 0, {"0 bytes"}});
  rows.push_back(
      {"S02", one.substr(0, 1000), ErrorCode::truncated, "header", 1000, {"found 1000"}});
  rows.push_back({"S03", one.substr(0, 107), ErrorCode::truncated, "header", 107, {"found 107"}});
  rows.push_back({"S04",
                  one.substr(0, header + 500),
                  ErrorCode::truncated,
                  "data",
                  header + 500,
                  {"768 bytes", "500 present"}});
  rows.push_back({"S26",
                  three.substr(0, last + 5),
                  ErrorCode::truncated,
                  "data",
                  last + 5,
                  {"768 bytes of image 3 of 3", "5 present"},
                  3});
  rows.push_back({"S14",
                  edited({{26, 1e6F}}, stack),
                  ErrorCode::truncated,
                  "data",
                  header + 3 * (header + image),
                  {"image 4 of 1000000"},
                  4});
  rows.push_back({"S24",
                  edited({{1, 12}, {5, 3}}, single),
                  ErrorCode::truncated,
                  "data",
                  header + image,
                  {"image 2 of 12", "0 present"},
                  2});
  rows.push_back(word_row("S17", single, 22, 1e6F, ErrorCode::truncated, "LABBYT",
                          {"1000000 bytes of header"}));
  return rows;
}

std::vector<StackRow> word_rows() {
  const float nan = NAN, inf = INFINITY;
  using enum ErrorCode;
  std::vector<StackRow> rows = {
      word_row("S05", single, 12, -16, bad_field, "NSAM", {"-16"}),
      word_row("S06", single, 2, -12, bad_field, "NROW", {"-12"}),
      word_row("S07", single, 12, 0, bad_field, "NSAM", {"found 0"}),
      word_row("S08", single, 12, nan, bad_field, "NSAM", {"nan", "not finite"}),
      word_row("S09", single, 2, inf, bad_field, "NROW", {"inf", "not finite"}),
      word_row("S10", single, 24, inf, bad_field, "ISTACK", {"not finite"}),
      word_row("S11", stack, 26, inf, bad_field, "MAXIM", {"not finite"}),
      word_row("S12", stack, 26, nan, bad_field, "MAXIM", {"not finite"}),
      word_row("S15", stack, 26, -3, bad_field, "MAXIM", {"-3"}),
      word_row("S15 zero", stack, 26, 0, bad_field, "MAXIM", {"1 or more"}),
      word_row("S18", single, 22, -1024, bad_field, "LABBYT", {"-1024"}),
      word_row("S19", single, 22, 0, bad_field, "LABBYT", {"found 0"}),
      word_row("S20", single, 5, -11, unsupported, "IFORM", {"-11", "Fourier"}),
      word_row("S20 3-D", single, 5, -22, unsupported, "IFORM", {"-22", "Fourier"}),
      word_row("S21", single, 5, 77, bad_field, "IFORM", {"found 77"}),
      word_row("S22", single, 12, 1e9F, limit, "NSAM", {"16777216"}),
      word_row("S23", single, 2, 12.5F, bad_field, "NROW", {"12.5", "not an integer"}),
      word_row("S25", single, 12, 16777217.0F, limit, "NSAM", {"not exact"}),
      word_row("S30", single, 1, 0.5F, bad_field, "NSLICE", {"0.5", "not an integer"}),
      word_row("S30 zero", single, 1, 0, bad_field, "NSLICE", {"found 0"}),
      word_row("S32", single, 24, -5, unsupported, "ISTACK", {"an indexed stack"}),
      word_row("labbyt too small", single, 22, 1000, bad_field, "LABBYT", {"1024 or more"}),
  };
  rows.push_back({"S22 both",
                  edited({{2, 1e9F}, {12, 1e9F}}, single),
                  limit,
                  "NSAM (word 12)",
                  44,
                  {"1e+09"}});
  return rows;
}

TEST(SpiderBadInput, EveryFaultIsNamedWithItsPlace) {
  for (const auto& rows : {cut_rows(), word_rows()})
    for (const auto& row : rows) expect_fault(row, path, "Spider");
  for (const auto& [id, bytes, found] :
       {std::array<std::string, 3>{"S28", std::string(4000, '\0'), "zeros only"},
        {"S29", std::string(4000, '\xff'), "bytes 0xff only"},
        {"TIFF, as MetaMorph's .stk", std::string("II*\0", 4) + std::string(2000, '\1'), "TIFF"},
        {"other bytes", std::string(2000, '\x11'), "bytes 11"}})
    expect_fault({id, bytes, ErrorCode::not_this_format, "file", 0, {"a Spider header", found}},
                 path, "Spider");
}

TEST(SpiderBadInput, FaultsInBigEndianFilesToo) {
  SpiderShape shape = single;
  shape.big = true;
  for (const auto& [word, value, code] : {std::tuple{12U, -16.0F, ErrorCode::bad_field},
                                          {2U, 12.5F, ErrorCode::bad_field},
                                          {5U, 77.0F, ErrorCode::bad_field},
                                          {22U, 1e6F, ErrorCode::truncated}}) {
    const std::string bytes = edited({{word, value}}, shape);
    const auto error =
        test::expect_error(code, [&] { StackFile::over(oracle::as_span(bytes), path); });
    EXPECT_EQ(error.offset, 4U * (word - 1));
  }
}

TEST(SpiderBadInput, AHeaderInTheOtherByteOrder) {  // S31
  Bytes file = spider_file(stack);
  SpiderShape other = stack;
  other.big = true;
  const std::string swapped = spider_file(other).text;
  std::string first = file.text, third = file.text;
  first.replace(header, header, swapped, header, header);
  const std::size_t at = header + 2 * (header + image);
  third.replace(at, header, swapped, at, header);
  expect_fault({"S31",
                first,
                ErrorCode::inconsistent,
                "image header",
                header,
                {"little-endian", "found big-endian"},
                1},
               path, "Spider");
  const StackFile late = StackFile::over(oracle::as_span(third), path);
  std::vector<std::byte> out(3 * image);
  EXPECT_NO_THROW(late.read(0, 2, std::span(out).first(2 * image)));
  const auto error = test::expect_error(ErrorCode::inconsistent, [&] { late.read(0, 3, out); });
  EXPECT_EQ(error.frame, 3U);
  EXPECT_EQ(error.offset, at);
  const auto alone = std::span(out).first(image);
  EXPECT_EQ(test::expect_error(ErrorCode::inconsistent, [&] { late.read(2, 1, alone); }).frame, 3U);
}

TEST(SpiderBadInput, WideHeadersAreLookedAtToo) {
  const SpiderShape wide{5000, 1, 1, 3};
  SpiderShape other = wide;
  other.big = true;
  std::string bytes = spider_file(wide).text;
  constexpr std::size_t row = 20000, at = row + 2 * (row + row);
  const StackFile good = StackFile::over(oracle::as_span(bytes), path);
  EXPECT_EQ(test::read_values(good)[2 * 5000 + 7], oracle::pixel_at(2 * 5000 + 7));
  bytes.replace(at, row, spider_file(other).text, at, row);
  const StackFile file = StackFile::over(oracle::as_span(bytes), path);
  EXPECT_EQ(test::expect_error(ErrorCode::inconsistent, [&] { test::read_values(file); }).offset,
            at);
}

TEST(SpiderBadInput, AcceptedWithANotice) {
  expect_notice("S13", edited({{27, NAN}}, single), path, {"IMGNUM", "nan"}, ErrorCode::bad_field);
  expect_notice("S27", edited({{27, 5}}, single), path, {"IMGNUM", "5"}, ErrorCode::bad_field);
  expect_notice("S16", edited({{13, 17}}, single), path, {"LABBYT", "17 x 64"},
                ErrorCode::inconsistent);
  expect_notice("S16 lenbyt", edited({{23, 60}}, single), path, {"LABBYT"},
                ErrorCode::inconsistent);
  expect_notice("trailing bytes", edited({}, stack) + "xyz", path, {"3 bytes more"},
                ErrorCode::inconsistent);
  Bytes file = spider_file(stack);
  file.set(header + 4 * 11, 0, 4);
  expect_notice("an image header of another size", file.text, path, {"image header", "16 x 12"},
                ErrorCode::inconsistent);
}

TEST(SpiderBadInput, ACutStackCanBeReadAsFarAsItGoes) {
  const std::string bytes = edited({}, stack).substr(0, header + 2 * (header + image) + header + 5);
  const StackFile file = StackFile::over(oracle::as_span(bytes), path, {.cut = Cut::keep_whole});
  EXPECT_EQ(file.info().count, 2);
  EXPECT_EQ(file.info().notices.size(), 1U);
  EXPECT_EQ(test::read_values(file).size(), 2U * 16 * 12);
}

}  // namespace
}  // namespace quickbeam::io
