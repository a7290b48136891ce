// SPDX-License-Identifier: BSD-3-Clause
// Files are read whole, containers unpacked, and everything that is not a file refused.
#include "io/file_bytes.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <random>

#include "tests/io/containers.hpp"
#include "tests/io/files.hpp"
#include "tests/paths.hpp"

namespace quickbeam::io {
namespace {

using test::bzip2;
using test::expect_error;
using test::gzip;
using test::text_of;
using test::write_text;

/// Text that compresses a little.
std::string sample(std::size_t n, unsigned seed = 20260101) {
  std::mt19937 random(seed);
  std::string text(n, '\0');
  for (char& c : text) c = static_cast<char>(random() % 20);
  return text;
}

class FileReaderTest : public ::testing::Test {
 protected:
  FileBytes read(const std::string& stored, const FileLimits& limits = {}) {
    write_text(path(), stored);
    return reader_.read(path(), limits);
  }
  std::string path() const { return folder_ / "file"; }
  ErrorInfo refusal(ErrorCode code, const std::string& stored, const FileLimits& limits = {}) {
    const auto info = expect_error(code, [&] { read(stored, limits); });
    EXPECT_EQ(info.path, path());
    return info;
  }
  test::TemporaryFolder folder_;
  FileReader reader_;
};

TEST_F(FileReaderTest, ReadsPlainFilesOfAnySizeIntoTheSameMemory) {
  for (const std::size_t n : {100000u, 0u, 1u, 4096u, 3000000u, 31u}) {
    const auto file = read(sample(n));
    EXPECT_EQ(text_of(file.bytes), sample(n));
    EXPECT_EQ(file.compression, Compression::none);
    EXPECT_EQ(file.stored_size, n);
  }
}

TEST_F(FileReaderTest, MemoryIsReusedForASmallerFile) {
  const auto* const first = read(sample(100000)).bytes.data();
  EXPECT_EQ(read(sample(50000)).bytes.data(), first);
}

TEST_F(FileReaderTest, UnpacksOneMemberOrStream) {
  for (const std::size_t n : {0u, 1u, 1000u, 1000000u}) {
    const auto gz = read(gzip(sample(n)));
    EXPECT_EQ(text_of(gz.bytes), sample(n));
    EXPECT_EQ(gz.compression, Compression::gzip);
    const auto bz2 = read(bzip2(sample(n)));
    EXPECT_EQ(text_of(bz2.bytes), sample(n));
    EXPECT_EQ(bz2.compression, Compression::bzip2);
    EXPECT_EQ(bz2.stored_size, bzip2(sample(n)).size());
  }
}

TEST_F(FileReaderTest, JoinsMembersAndStreams) {
  std::string text, gz, bz2;
  for (unsigned i = 0; i < 40; ++i) {
    const std::string part = sample(i * 977 % 5000, i);
    text += part;
    gz += gzip(part);
    bz2 += bzip2(part);
  }
  // The last member is what ISIZE speaks of; here it says 0.
  EXPECT_EQ(text_of(read(gz + gzip("")).bytes), text);
  EXPECT_EQ(text_of(FileReader().read(path()).bytes), text);
  EXPECT_EQ(text_of(read(bz2 + bzip2("")).bytes), text);
}

TEST_F(FileReaderTest, HighRatiosNeedNoBelievedSize) {
  const std::string zeros(5000000, '\0');
  std::string gz = gzip(zeros, 9);
  EXPECT_EQ(text_of(read(gz).bytes), zeros);
  EXPECT_EQ(text_of(read(gz + gzip("x")).bytes), zeros + "x");
  EXPECT_EQ(text_of(read(bzip2(zeros)).bytes), zeros);
}

TEST_F(FileReaderTest, AWrongIsizeIsAChecksumErrorAndNoHugeAllocation) {
  std::string gz = gzip(sample(1000));
  for (int i = 1; i <= 4; ++i) gz[gz.size() - static_cast<std::size_t>(i)] = '\xff';
  refusal(ErrorCode::checksum, gz);
}

TEST_F(FileReaderTest, AWrongCrcIsNamed) {
  std::string gz = gzip(sample(1000));
  gz[gz.size() - 8] = static_cast<char>(gz[gz.size() - 8] ^ 1);
  const auto info = refusal(ErrorCode::checksum, gz);
  EXPECT_EQ(info.format, "gzip");
  EXPECT_EQ(info.found, "incorrect data check");
  std::string bz2 = bzip2(sample(1000));
  bz2[10] = static_cast<char>(bz2[10] ^ 1);  // the block's CRC
  EXPECT_EQ(refusal(ErrorCode::bad_stream, bz2).format, "bzip2");
}

TEST_F(FileReaderTest, EveryTruncationIsTruncated) {
  const std::string text = sample(300);
  for (const std::string& whole : {gzip(text), bzip2(text)})
    for (std::size_t n = 3; n < whole.size(); ++n) {
      const auto info = refusal(ErrorCode::truncated, whole.substr(0, n));
      EXPECT_EQ(info.offset, n);
    }
}

TEST_F(FileReaderTest, ATruncatedLaterMemberIsTruncated) {
  const std::string gz = gzip("first"), bz2 = bzip2("first");
  EXPECT_EQ(refusal(ErrorCode::truncated, gz + gz.substr(0, 1)).offset, gz.size() + 1);
  EXPECT_EQ(refusal(ErrorCode::truncated, bz2 + bz2.substr(0, 2)).offset, bz2.size() + 2);
}

TEST_F(FileReaderTest, ZeroPaddingIsFineOtherTrailingBytesAreNot) {
  for (const std::string& whole : {gzip("text"), bzip2("text")}) {
    EXPECT_EQ(text_of(read(whole + std::string(512, '\0')).bytes), "text");
    EXPECT_EQ(refusal(ErrorCode::bad_stream, whole + std::string(3, '\0') + "x").offset,
              whole.size() + 3);
  }
}

TEST_F(FileReaderTest, EveryFlippedByteGivesAResultOrAnError) {
  const std::string text = sample(200);
  for (const std::string& whole : {gzip(text), bzip2(text)})
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string bad = whole;
      bad[i] = static_cast<char>(bad[i] ^ 0x55);
      const auto info = test::error_of([&] { read(bad); });
      // Only what no checksum covers may pass: the magic bytes and parts of gzip's header.
      EXPECT_TRUE(info.has_value() || i < 10) << i;
    }
}

TEST_F(FileReaderTest, LimitsAreExact) {
  const std::string text = sample(100000);
  EXPECT_EQ(read(text, {.max_stored_bytes = 100000}).bytes.size(), 100000u);
  refusal(ErrorCode::limit, text, {.max_stored_bytes = 99999});
  for (const std::string& whole :
       {gzip(text), bzip2(text), gzip(text) + gzip(""), bzip2(text) + bzip2("")}) {
    EXPECT_EQ(read(whole, {.max_unpacked_bytes = 100000}).bytes.size(), 100000u);
    FileReader fresh;
    EXPECT_EQ(fresh.read(path(), {.max_unpacked_bytes = 100000}).bytes.size(), 100000u);
    refusal(ErrorCode::limit, whole, {.max_unpacked_bytes = 99999});
    refusal(ErrorCode::limit, whole, {.max_unpacked_bytes = 0});
    expect_error(ErrorCode::limit,
                 [&] { FileReader().read(path(), {.max_unpacked_bytes = 99999}); });
  }
}

TEST_F(FileReaderTest, AReaderWorksOnAfterAnError) {
  refusal(ErrorCode::truncated, gzip("text").substr(0, 20));
  EXPECT_EQ(text_of(read(gzip("text")).bytes), "text");
}

TEST_F(FileReaderTest, MissingFilesAreNotFound) {
  for (const std::string& missing :
       {folder_ / "absent", folder_ / "absent/deeper", std::string()}) {
    const auto info = expect_error(ErrorCode::not_found, [&] { reader_.read(missing); });
    EXPECT_NE(info.found.find("ENOENT"), std::string::npos) << info.found;
  }
  write_text(path(), "x");
  const auto info = expect_error(ErrorCode::not_found, [&] { reader_.read(path() + "/below"); });
  EXPECT_NE(info.found.find("ENOTDIR"), std::string::npos) << info.found;
}

TEST_F(FileReaderTest, WhatIsNotAFileIsRefusedByName) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::pair<std::string, std::string> cases[] = {
      {folder_ / "", "a directory"}, {fifo, "a FIFO"}, {"/dev/null", "a character device"}};
  for (const auto& [name, kind] : cases) {
    const auto info = expect_error(ErrorCode::io, [&, &path = name] { reader_.read(path); });
    EXPECT_EQ(info.found, kind);
    EXPECT_EQ(info.path, name);
  }
}

TEST_F(FileReaderTest, LinkLoopsAndNulBytesAreErrors) {
  const std::string loop = folder_ / "loop";
  ASSERT_EQ(::symlink("loop", loop.c_str()), 0);
  EXPECT_NE(expect_error(ErrorCode::io, [&] { reader_.read(loop); }).found.find("ELOOP"),
            std::string::npos);
  write_text(path(), "x");
  expect_error(ErrorCode::io, [&] { reader_.read(path() + std::string(1, '\0') + "tail"); });
}

TEST_F(FileReaderTest, RealContainersUnpackToCbf) {
  const std::string data = test::data_folder() + "/cbf";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no real frames at " << data;
  int packed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    const std::string suffix = entry.path().extension().string();
    if (suffix != ".gz" && suffix != ".bz2") continue;
    const auto file = reader_.read(entry.path().string());
    EXPECT_EQ(file.compression, suffix == ".gz" ? Compression::gzip : Compression::bzip2);
    EXPECT_EQ(text_of(file.bytes.first(7)), "###CBF:");
    ++packed;
  }
  EXPECT_GT(packed, 0);
}

}  // namespace
}  // namespace quickbeam::io
