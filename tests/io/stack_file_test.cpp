// SPDX-License-Identifier: BSD-3-Clause
// Stacks on disk: any part of them, by several threads, beyond 4 GiB, cut while open, interrupted.
#include "io/stack_file.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "tests/io/stack_reading.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace {

/// What this program's preadv(), below, does to every call while it is set.
enum class Disturbance { none, interrupt_once, few_bytes, fail };
std::atomic<Disturbance> disturbance = Disturbance::none;
std::atomic<int> calls = 0;

}  // namespace

extern "C" ssize_t preadv(int fd, const iovec* pieces, int count, off_t offset) {
  using Call = ssize_t (*)(int, const iovec*, int, off_t);
  static const auto real = reinterpret_cast<Call>(::dlsym(RTLD_NEXT, "preadv"));
  ++calls;
  auto wanted = Disturbance::interrupt_once;
  if (disturbance.compare_exchange_strong(wanted, Disturbance::none)) {
    errno = EINTR;
    return -1;
  }
  if (disturbance == Disturbance::fail) {
    errno = EIO;
    return -1;
  }
  if (disturbance == Disturbance::few_bytes) {
    iovec one = pieces[0];
    one.iov_len = std::min<std::size_t>(one.iov_len, 7);
    return real(fd, &one, 1, offset);
  }
  return real(fd, pieces, count, offset);
}

namespace quickbeam::io {
namespace {

using oracle::mrc_file;
using oracle::spider_file;
using test::expect_error;
using test::read_values;

class StackFiles : public ::testing::Test {
 protected:
  ~StackFiles() override { disturbance = Disturbance::none; }
  StackFile open(const std::string& name, const std::string& bytes) {
    test::write_text(folder_ / name, bytes);
    return StackFile::open(folder_ / name);
  }
  static void expect_pixels(const StackFile& file, std::int64_t first, std::int64_t count) {
    const auto values = read_values(file, first, count);
    const std::int64_t area = file.info().extent.pixels();
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(values[i], oracle::pixel_at(first * area + static_cast<std::int64_t>(i)));
  }
  test::TemporaryFolder folder_;
};

TEST_F(StackFiles, ManyImagesAreReadInFewCalls) {
  const StackFile mrc = open("a.mrcs", mrc_file({8, 8, 1000}).text);
  calls = 0;
  expect_pixels(mrc, 0, 1000);
  EXPECT_EQ(calls, 1);
  const StackFile spider = open("a.stk", spider_file({8, 8, 1, 640}).text);
  calls = 0;
  expect_pixels(spider, 0, 640);
  EXPECT_LE(calls, 11);
  expect_pixels(spider, 639, 1);
}

TEST_F(StackFiles, ShortReadsAndInterruptionsAreContinued) {
  for (const auto& [name, bytes] :
       {std::pair{"a.mrc", mrc_file({5, 3, 7}).text}, {"a.stk", spider_file({5, 3, 1, 70}).text}}) {
    const StackFile file = open(name, bytes);
    for (const auto kind : {Disturbance::interrupt_once, Disturbance::few_bytes}) {
      disturbance = kind;
      expect_pixels(file, 0, file.info().count);
      disturbance = Disturbance::none;
    }
    disturbance = Disturbance::fail;
    std::vector<std::byte> out(file.info().layout.image_bytes);
    const auto error = expect_error(ErrorCode::io, [&] { file.read(1, 1, out); });
    disturbance = Disturbance::none;
    EXPECT_NE(error.found.find("EIO"), std::string::npos);
    EXPECT_EQ(error.offset, file.info().layout.offset_of(1) - file.info().layout.header_bytes);
  }
}

TEST_F(StackFiles, CutWhileOpen) {
  for (const auto& [name, bytes] :
       {std::pair{"a.mrc", mrc_file({5, 3, 7}).text}, {"a.stk", spider_file({5, 3, 1, 7}).text}}) {
    const StackFile file = open(name, bytes);
    const std::uint64_t size = file.info().layout.offset_of(4) + 13;
    ASSERT_EQ(::truncate((folder_ / name).c_str(), static_cast<off_t>(size)), 0);
    expect_pixels(file, 0, 4);
    std::vector<std::byte> out(5 * file.info().layout.image_bytes);
    const auto error = expect_error(ErrorCode::truncated, [&] { file.read(2, 5, out); });
    EXPECT_EQ(error.frame, 5U);
    EXPECT_EQ(error.offset, size);
    EXPECT_EQ(error.expected, std::to_string(bytes.size()) + " bytes, as when the file was opened");
  }
}

TEST_F(StackFiles, BeyondFourGibibytes) {
  // Sparse: 300,000 images of 64 x 64, of which three hold something.
  auto bytes = mrc_file({64, 64, 1});
  bytes.word(3, 300000);
  bytes.text.resize(1024);
  const std::string path = folder_ / "big.mrcs";
  test::write_text(path, bytes.text);
  constexpr std::uint64_t image = 64 * 64 * 4;
  if (::truncate(path.c_str(), static_cast<off_t>(1024 + 300000 * image)) != 0)
    GTEST_SKIP() << "this file system holds no file of 5 GB";
  const int fd = ::open(path.c_str(), O_WRONLY);
  for (const std::uint64_t k : {0U, 262144U, 299999U}) {
    const auto value = static_cast<float>(k + 1);
    ASSERT_EQ(::pwrite(fd, &value, 4, static_cast<off_t>(1024 + k * image)), 4);
  }
  ::close(fd);
  const StackFile file = StackFile::open(path);
  EXPECT_EQ(file.info().count, 300000);
  for (const std::int64_t k : {0, 262144, 299999})
    EXPECT_EQ(read_values(file, k, 1)[0], static_cast<double>(k + 1));
  EXPECT_EQ(read_values(file, 262143, 2)[4096], 262145);
}

TEST_F(StackFiles, SeveralThreadsReadAtOnce) {
  const StackFile file = open("a.stk", spider_file({16, 16, 1, 300}).text);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::int64_t first = t; first < 290; first += 3) {
        const auto values = read_values(file, first, 10);
        for (std::size_t i = 0; i < values.size(); ++i)
          wrong += values[i] != oracle::pixel_at(first * 256 + static_cast<std::int64_t>(i));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(StackFiles, ImagesThatAreNotThere) {
  const StackFile file = open("a.mrc", mrc_file({4, 3, 5}).text);
  std::vector<std::byte> out(6 * 48);
  for (const auto& [first, count, room] : {std::array<std::int64_t, 3>{0, 6, 6},
                                           {5, 1, 1},
                                           {-1, 1, 1},
                                           {0, -1, 0},
                                           {0, 1, 2},
                                           {2, 2, 1},
                                           {std::int64_t{1} << 62, 1, 1}})
    expect_error(ErrorCode::usage, [&] {
      file.read(first, count, std::span(out).first(static_cast<std::size_t>(room) * 48));
    });
  EXPECT_NO_THROW(file.read(5, 0, {}));
}

TEST_F(StackFiles, OnlyRegularFilesAndOnlyStacks) {
  EXPECT_EQ(expect_error(ErrorCode::not_found, [&] { StackFile::open(folder_ / "none.mrc"); }).path,
            folder_ / "none.mrc");
  EXPECT_EQ(expect_error(ErrorCode::io, [&] { StackFile::open(folder_.path()); }).found,
            "a directory");
  test::write_text(folder_ / "a.txt", "hello");
  EXPECT_EQ(expect_error(ErrorCode::not_this_format, [&] { StackFile::open(folder_ / "a.txt"); })
                .expected,
            "MRC or Spider");
  EXPECT_FALSE(StackFile::try_open(folder_ / "a.txt"));
  // Bytes before names.
  EXPECT_EQ(open("spider.mrc", spider_file({}).text).info().format, "Spider");
  EXPECT_EQ(open("mrc.stk", mrc_file({}).text).info().format, "MRC");
  EXPECT_EQ(open("nameless", mrc_file({}).text).info().format, "MRC");
}

TEST_F(StackFiles, TheObjectCanBeMoved) {
  StackFile file = open("a.stk", spider_file({4, 3, 1, 5}).text);
  StackFile other = std::move(file);
  expect_pixels(other, 1, 3);
  const Payload payload = other.payload({}, 3);
  EXPECT_EQ(payload.depth, 3);
  EXPECT_EQ(payload.extent, (Extent{4, 3}));
}

}  // namespace
}  // namespace quickbeam::io
