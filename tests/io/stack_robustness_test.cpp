// SPDX-License-Identifier: BSD-3-Clause
// Small stacks cut at every length and flipped in every byte: a result or an Error, no crash.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"
#include "io/stack_file.hpp"
#include "tests/io/files.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::mrc_file;
using oracle::spider_file;

struct SmallFile {
  std::string path;
  std::string bytes;
};

std::vector<SmallFile> small_files() {
  std::vector<SmallFile> files;
  for (const bool big : {false, true}) {
    for (const int mode : {0, 1, 2, 3, 4, 6, 12, 101})
      files.push_back({"x.mrc", mrc_file({3, 2, 2, mode, big}).text});
    files.push_back({"x.stk", spider_file({5, 2, 1, 3, big}).text});
    files.push_back({"x.spi", spider_file({5, 2, 1, 0, big}).text});
    files.push_back({"x.vol", spider_file({5, 2, 2, 2, big}).text});
  }
  return files;
}

/// Reads all there is, whatever the bytes; every claim must have been checked.
void read_anything(const std::string& bytes, const std::string& path) {
  // A heap block of the exact size, so that ASan sees any read past the end.
  const std::vector<std::byte> exact(oracle::as_span(bytes).begin(), oracle::as_span(bytes).end());
  for (const auto strictness : {Strictness::lenient, Strictness::strict})
    for (const Cut cut : {Cut::refuse, Cut::keep_whole}) try {
        const StackFile file = StackFile::over(exact, path, {.strictness = strictness, .cut = cut});
        const StackInfo& info = file.info();
        ASSERT_GT(info.count, 0);
        const std::uint64_t all = static_cast<std::uint64_t>(info.count) * info.layout.image_bytes;
        ASSERT_LE(all, bytes.size());
        std::vector<std::byte> out(all);
        file.read(0, info.count, out);
        (void)file.extended_header();
      } catch (const Error& error) {
        ASSERT_EQ(error.info().path, path);
        ASSERT_LE(error.info().offset.value_or(0), bytes.size());
      }
}

TEST(StackRobustness, EveryTruncationGivesAResultOrAnError) {
  for (const auto& [path, bytes] : small_files())
    for (std::size_t length = 0; length <= bytes.size(); ++length)
      read_anything(bytes.substr(0, length), path);
}

TEST(StackRobustness, ATruncatedFileIsNeverAccepted) {
  for (const auto& [path, bytes] : small_files())
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto error =
          test::error_of([&] { StackFile::over(oracle::as_span(bytes).first(length), path); });
      ASSERT_TRUE(error) << path << ' ' << length << " bytes accepted";
      // A few zero bytes look as if nothing had been written yet.
      const bool zeros = bytes.substr(0, length).find_first_not_of('\0') == std::string::npos;
      const bool blank = zeros && length > 0;
      ASSERT_EQ(error->code, blank ? ErrorCode::not_this_format : ErrorCode::truncated)
          << to_string(*error);
      const bool in_header = error->field.starts_with("LABBYT");  // the word that asks for more
      ASSERT_EQ(error->offset, blank ? 0 : in_header ? 84 : length);
    }
}

TEST(StackRobustness, EveryByteFlipGivesAResultOrAnError) {
  for (const auto& [path, bytes] : small_files())
    for (std::size_t i = 0; i < bytes.size(); ++i)
      for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
        std::string flipped = bytes;
        flipped[i] = static_cast<char>(flipped[i] ^ flip);
        read_anything(flipped, path);
      }
}

TEST(StackRobustness, TheRegistryReadsThemToo) {
  for (const auto& [path, bytes] : small_files()) {
    const ImageFile file = parse_image_file(oracle::as_span(bytes), path);
    const StackInfo info = StackFile::over(oracle::as_span(bytes), path).info();
    EXPECT_EQ(file.format, info.format);
    EXPECT_EQ(file.frames(), info.count);
    std::int64_t k = 0;
    for (const auto& stream : file.streams) {
      EXPECT_EQ(stream.offset, info.layout.offset_of(k));
      EXPECT_EQ(stream.payload.bytes.data(), oracle::as_span(bytes).data() + stream.offset);
      EXPECT_EQ(stream.payload.bytes.size(),
                static_cast<std::uint64_t>(stream.payload.depth) * info.layout.image_bytes);
      k += stream.payload.depth;
    }
  }
}

}  // namespace
}  // namespace quickbeam::io
