// SPDX-License-Identifier: BSD-3-Clause
// Stacks changed in place: images added and replaced, and what is refused.
#include <unistd.h>

#include "tests/io/stack_writing.hpp"

namespace quickbeam::io {
namespace {

using test::expect_error;
using test::image;
using test::read_values;
using test::view_of;
using test::Words;

using StackUpdates = test::StackWriting;

TEST_F(StackUpdates, AddAndReplaceInPlace) {
  for (const StackFormat format : {StackFormat::mrc, StackFormat::spider}) {
    const std::string name = format == StackFormat::mrc ? "a.mrcs" : "a.stk";
    write(name, {.format = format, .extent = {9, 5}, .pixel_size_angstrom = 2}, 3);
    {
      StackWriter writer = StackWriter::update(folder_ / name);
      EXPECT_EQ(writer.count(), 3);
      writer.put(1, view_of(image(70, 45), {9, 5}));
      writer.append(view_of(image(71, 45), {9, 5}));
      writer.append(view_of(image(72, 45), {9, 5}));
      EXPECT_EQ(writer.finish().count, 5);
    }
    const StackFile file = StackFile::open(folder_ / name, {.strictness = Strictness::strict});
    EXPECT_EQ(file.info().count, 5);
    EXPECT_EQ(file.info().pixel_size_angstrom, 2);
    EXPECT_FALSE(file.info().statistics.min || file.info().statistics.mean);
    const std::int64_t expected[] = {0, 70, 2, 71, 72};
    for (std::int64_t k = 0; k < 5; ++k) {
      const auto pixels = image(expected[k], 45);
      EXPECT_EQ(read_values(file, k, 1), std::vector<double>(pixels.begin(), pixels.end())) << k;
    }
  }
}

TEST_F(StackUpdates, BytesKeepTheirSignWithoutStatistics) {
  for (const StoredAs stored : {StoredAs::int8, StoredAs::uint8})
    for (const bool stamped : {true, false}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(stored)) + (stamped ? " stamped" : " bare"));
      std::vector<float> pixels(45, stored == StoredAs::int8 ? -3.0F : 200.0F);
      {
        StackWriter writer(folder_ / "a.mrcs", {.extent = {9, 5}, .stored = stored});
        writer.append(view_of(pixels, {9, 5}));
        writer.finish();
      }
      if (!stamped) {  // as others write it: DMIN and DMAX say what the bytes are
        oracle::Bytes bare{test::read_text(folder_ / "a.mrcs")};
        bare.word(39, 0);
        bare.word(40, 0);
        bare.real(20, pixels[0]);
        bare.real(21, pixels[0]);
        test::write_text(folder_ / "a.mrcs", bare.text);
      }
      StackWriter writer = StackWriter::update(folder_ / "a.mrcs");
      pixels[7] = 5;
      writer.append(view_of(pixels, {9, 5}));
      writer.finish();
      const StackFile file = StackFile::open(folder_ / "a.mrcs");
      EXPECT_EQ(read_values(file, 0, 1)[7], pixels[0]);
      EXPECT_EQ(read_values(file, 1, 1), std::vector<double>(pixels.begin(), pixels.end()));
    }
}

TEST_F(StackUpdates, TheUnfinishedOnesDoNotCount) {
  for (const StackFormat format : {StackFormat::mrc, StackFormat::spider}) {
    write("a", {.format = format, .extent = {9, 5}}, 3);
    { StackWriter::update(folder_ / "a").append(view_of(image(9, 45), {9, 5})); }
    const StackFile file = StackFile::open(folder_ / "a");
    EXPECT_EQ(file.info().count, 3);
    EXPECT_EQ(file.info().notices.size(), 1U) << "bytes behind the last image";
    StackWriter again = StackWriter::update(folder_ / "a");
    again.append(view_of(image(8, 45), {9, 5}));
    again.finish();
    EXPECT_TRUE(StackFile::open(folder_ / "a").info().notices.empty());
  }
}

TEST_F(StackUpdates, FilesOfOthersKeepTheirHeaders) {
  oracle::Bytes relion = oracle::mrc_file({6, 4, 2});
  relion.word(10, 2);  // RELION: MZ = NZ
  relion.real(13, 3);
  relion.text.replace(224, 6, "theirs");
  relion.word(56, 1);
  test::write_text(folder_ / "r.mrcs", relion.text);
  StackWriter writer = StackWriter::update(folder_ / "r.mrcs");
  writer.append(view_of(image(5, 24), {6, 4}));
  writer.finish();
  const Words words{test::read_text(folder_ / "r.mrcs")};
  EXPECT_EQ(words.i(3), 3);
  EXPECT_EQ(words.i(10), 3);
  EXPECT_EQ(words.f(13), 4.5F);
  EXPECT_EQ(words.bytes.substr(224, 6), "theirs");
  EXPECT_EQ(words.bytes.size(), 1024U + 3 * 96);
}

TEST_F(StackUpdates, RefusesWhatItWouldWriteDifferently) {
  const auto refused = [&](const oracle::Bytes& file, ErrorCode code = ErrorCode::unsupported) {
    test::write_text(folder_ / "a.stk", file.text);
    const std::string before = test::read_text(folder_ / "a.stk");
    expect_error(code, [&] { StackWriter::update(folder_ / "a.stk"); });
    EXPECT_EQ(test::read_text(folder_ / "a.stk"), before);
  };
  refused(oracle::mrc_file({.big = true}));
  refused(oracle::spider_file({.big = true}));
  refused(oracle::mrc_file({.mode = 101}));
  refused(oracle::mrc_file({.mode = 4}));
  refused(oracle::spider_file({.images = 0}));
  refused(oracle::spider_file({4, 3, 5, 2}));
  expect_error(ErrorCode::not_found, [&] { StackWriter::update(folder_ / "none.stk"); });
  write("b.stk", {.format = StackFormat::spider, .extent = {4, 3}}, 1);
  ASSERT_EQ(::symlink((folder_ / "b.stk").c_str(), (folder_ / "link.stk").c_str()), 0);
  expect_error(ErrorCode::io, [&] { StackWriter::update(folder_ / "link.stk"); });
  StackWriter holder = StackWriter::update(folder_ / "b.stk");
  EXPECT_EQ(expect_error(ErrorCode::io, [&] { StackWriter::update(folder_ / "b.stk"); }).field,
            "lock");
}

}  // namespace
}  // namespace quickbeam::io
