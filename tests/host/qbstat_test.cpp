// SPDX-License-Identifier: BSD-3-Clause
#include "host/src/qbstat.hpp"

#include <gtest/gtest.h>

#include <bit>

#include <quickbeam/crc32.hpp>
#include <quickbeam/stack_statistics.hpp>

#include "tests/host/statistics_stacks.hpp"
#include "tests/io/files.hpp"

namespace quickbeam {
namespace {

using test::bytes_of;
using test::error_of;
using test::expect_error;

/// Reads all that is in a file.
void read_all(std::string_view text) {
  const QbstatFile file(bytes_of(text), "a.qbstat");
  kernels::PixelMoments moments;
  for (std::size_t g = 0; g < file.groups().size(); ++g) {
    for (std::int64_t block = 0; block < file.groups()[g].facts.blocks().count(); ++block)
      for (std::size_t n = 0; n < file.groups()[g].nodes.size(); ++n)
        file.read(g, block, n, moments);
    file.read_rows(g, [](const ImageRow&, std::string_view) {});
  }
}

class Qbstat : public ::testing::Test {
 protected:
  std::string file_of(const test::Stack& stack, io::StoredAs stored,
                      std::optional<double> radius = {}) {
    test::write_stack(folder_ / "a.mrcs", stack, stored);
    auto job = test::statistics_job({folder_ / "a.mrcs"}, "");
    job.outputs.partial = folder_ / "a.qbstat";
    job.region.radius = radius;
    compute_statistics(job);
    return test::read_text(job.outputs.partial);
  }
  test::TemporaryFolder folder_;
};

/// Makes the CRC of the header right again.
void seal(std::string& text) {
  std::uint64_t header;
  std::memcpy(&header, text.data() + 16, 8);
  ASSERT_LE(header, text.size());
  const std::uint32_t crc = crc32(bytes_of(text).subspan(16, header - 16));
  std::memcpy(text.data() + 12, &crc, 4);
}

template <class T>
void put(std::string& text, std::size_t at, T value) {
  std::memcpy(text.data() + at, &value, sizeof value);
}

TEST_F(Qbstat, HoldsWhatWasWritten) {
  const test::Stack stack = test::whole_numbers({5, 3}, 300, -9, 9);
  const std::string text = file_of(stack, io::StoredAs::int16);
  const QbstatFile file(bytes_of(text), "a.qbstat");
  ASSERT_EQ(file.groups().size(), 1U);
  const QbstatGroup& group = file.groups()[0];
  EXPECT_EQ(group.facts.name, "5x3");
  EXPECT_EQ(group.facts.extent, (Extent{5, 3}));
  EXPECT_EQ(group.facts.images, 300);
  EXPECT_EQ(group.facts.kind, kernels::MomentKind::sums);
  EXPECT_EQ(group.rows, 300U);
  ASSERT_EQ(group.nodes.size(), 1U);
  EXPECT_EQ(group.nodes[0].leaves, (LeafRange{0, 2}));
  EXPECT_EQ(group.nodes[0].images, 300);
  kernels::PixelMoments moments;
  file.read(0, 0, 0, moments);
  for (std::size_t p = 0; p < 15; ++p) {
    std::int64_t sum = 0, squares = 0;
    for (const auto& image : stack.images) {
      sum += static_cast<std::int64_t>(image[p]);
      squares += static_cast<std::int64_t>(image[p] * image[p]);
    }
    EXPECT_EQ(moments.sum[p], sum);
    EXPECT_EQ(moments.squares[p], static_cast<std::uint64_t>(squares));
  }
  std::size_t rows = 0;
  file.read_rows(0, [&](const ImageRow& row, std::string_view name) {
    EXPECT_EQ(row.position, rows++);
    EXPECT_NE(name.find("@"), std::string::npos);
    EXPECT_EQ(row.moments.counted, 15);
  });
  EXPECT_EQ(rows, 300U);
}

TEST_F(Qbstat, AFileCutAnywhereIsAnError) {
  for (const bool floats : {true, false}) {
    const std::string text =
        floats ? file_of(test::floats({4, 3}, 3), io::StoredAs::float32, 1.5)
               : file_of(test::whole_numbers({3, 3}, 2, 0, 9), io::StoredAs::int16);
    read_all(text);
    for (std::size_t size = 0; size < text.size(); ++size) {
      const auto info = error_of([&] { read_all(text.substr(0, size)); });
      ASSERT_TRUE(info.has_value()) << size << " bytes";
      EXPECT_EQ(info->path, "a.qbstat");
      EXPECT_TRUE(info->code == ErrorCode::truncated || size == 0) << to_string(*info);
    }
    expect_error(ErrorCode::inconsistent, [&] { read_all(text + "x"); });
  }
}

TEST_F(Qbstat, AByteThatIsAnotherIsAnError) {
  const std::string good = file_of(test::floats({4, 3}, 3), io::StoredAs::float32, 1.5);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const unsigned flip : {1U, 0x80U, 0xffU}) {
      std::string text = good;
      text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ flip);
      EXPECT_TRUE(error_of([&] { read_all(text); }).has_value()) << "byte " << at;
    }
}

/// Files whose checksum is right and whose contents are not.
TEST_F(Qbstat, WhatCannotBeIsAnErrorBeforeMemoryIsTaken) {
  const std::string good = file_of(test::floats({4, 3}, 3), io::StoredAs::float32);
  // Behind the prefix and four sizes: two names of 32 digits, an index, two names with lengths.
  constexpr std::size_t first = 32 + 16;
  constexpr std::size_t name = first + 64 + 4;
  std::uint32_t name_bytes;
  std::memcpy(&name_bytes, good.data() + name, 4);
  const std::size_t width = name + 4 + name_bytes + 4;
  const std::size_t images = width + 48 + 4 + 4, rows = images + 8, nodes = rows + 16;
  const auto refused = [&](std::size_t at, auto value) {
    std::string text = good;
    put(text, at, value);
    seal(text);
    const auto info = error_of([&] { read_all(text); });
    EXPECT_TRUE(info.has_value()) << "byte " << at << " = " << value;
    return info ? info->field : "";
  };
  constexpr auto huge = std::int64_t{1} << 60;
  EXPECT_EQ(refused(32, std::uint32_t{17}), "images a chunk");
  EXPECT_EQ(refused(44, std::uint32_t{0xffffffff}), "set");
  EXPECT_EQ(refused(first, 'g'), "set");
  EXPECT_EQ(refused(name, std::uint32_t{0xffffffff}), "name of the group");
  EXPECT_EQ(refused(width, huge), "width");
  EXPECT_EQ(refused(width, std::int64_t{0}), "width");
  EXPECT_EQ(refused(width, std::int64_t{0x7fffffff}), "size") << "larger than the file";
  EXPECT_EQ(refused(width + 8, std::int64_t{-1}), "height");
  EXPECT_EQ(refused(width + 16, std::bit_cast<std::uint64_t>(std::nan(""))), "pixel size");
  EXPECT_EQ(refused(width + 48, std::uint32_t{2}), "kind");
  EXPECT_EQ(refused(width + 52, std::uint32_t{1}), "images") << "the bits are not there";
  EXPECT_EQ(refused(images, huge), "images");
  EXPECT_EQ(refused(rows, std::uint64_t{4}), "rows");
  EXPECT_EQ(refused(rows + 8, std::uint64_t{1} << 63), "size");
  EXPECT_EQ(refused(nodes, std::uint64_t{1} << 40), "nodes");
  EXPECT_EQ(refused(nodes + 8, std::int64_t{1}), "node");
  EXPECT_EQ(refused(nodes + 16, huge), "node");
  EXPECT_EQ(refused(nodes + 24, std::int64_t{4}), "images of a node");
  for (const std::uint32_t version : {1, 3}) {
    std::string text = good;
    put(text, 8, version);
    EXPECT_EQ(expect_error(ErrorCode::unsupported, [&] { read_all(text); }).field, "version");
  }
  expect_error(ErrorCode::not_this_format, [&] { read_all("MAP this is something else"); });
}

TEST_F(Qbstat, CountsThatCannotBeAreRefused) {
  std::string text = file_of(test::floats({4, 3}, 3), io::StoredAs::float32);
  std::uint64_t header;
  std::memcpy(&header, text.data() + 16, 8);
  constexpr std::size_t planes = 12 * 36;
  put(text, header + planes - 4, std::uint32_t{4});  // missing values of 3 images
  put(text, header + planes, crc32(bytes_of(text).subspan(header, planes)));
  EXPECT_EQ(expect_error(ErrorCode::bad_field, [&] { read_all(text); }).field, "planes");

  text = file_of(test::whole_numbers({4, 3}, 3, 0, 9), io::StoredAs::int16);
  std::memcpy(&header, text.data() + 16, 8);
  constexpr std::size_t sums = 12 * 32;
  put(text, header, std::int64_t{3} * 0xffff + 1);
  put(text, header + sums, crc32(bytes_of(text).subspan(header, sums)));
  EXPECT_EQ(expect_error(ErrorCode::bad_field, [&] { read_all(text); }).field, "planes");
}

}  // namespace
}  // namespace quickbeam
