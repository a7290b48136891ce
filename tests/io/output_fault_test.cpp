// SPDX-License-Identifier: BSD-3-Clause
// The O rows of the catalogue of bad inputs: when writing fails nothing half-made stays behind,
// what was there before stays as it was, and one line says why.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "io/atomic_file.hpp"
#include "io/picture.hpp"
#include "tests/io/files.hpp"

namespace {

/// What this program's own write() and close(), below, do to the file under test.
struct Fault {
  std::size_t room = static_cast<std::size_t>(-1);  ///< bytes write() still takes
  int write_error = 0;                              ///< errno once the room is used up
  int close_error = 0;                              ///< errno of close(), which closes all the same
  bool interrupt = false;                           ///< the next write() gives EINTR
  bool byte_by_byte = false;                        ///< write() takes one byte a call
};
Fault* fault = nullptr;

/// Arms a fault for the rest of a scope.
class Armed {
 public:
  explicit Armed(const Fault& wanted) : fault_(wanted) { fault = &fault_; }
  Armed(const Armed&) = delete;
  Armed& operator=(const Armed&) = delete;
  ~Armed() { fault = nullptr; }

 private:
  Fault fault_;
};

ssize_t refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

// These take the place of the C library's in this test program. A network file system or a quota
// cannot be had in a unit test; their error codes can.
extern "C" ssize_t write(int fd, const void* bytes, size_t count) {
  if (fault != nullptr && fd > 2) {
    if (std::exchange(fault->interrupt, false)) return refuse(EINTR);
    if (count > 0 && fault->room == 0) return refuse(fault->write_error);
    count = std::min(count, fault->room);
    if (fault->byte_by_byte) count = std::min<size_t>(count, 1);
    fault->room -= count;
  }
  return ::syscall(SYS_write, fd, bytes, count);
}

extern "C" int close(int fd) {
  const int status = static_cast<int>(::syscall(SYS_close, fd));
  if (fault != nullptr && fd > 2 && fault->close_error != 0)
    return static_cast<int>(refuse(fault->close_error));
  return status;
}

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;
using test::read_text;
using test::write_text;

const std::string new_text(300, 'n');

class OutputFault : public ::testing::Test {
 protected:
  /// Writes in three pieces, as encoders do.
  void write_pieces() const {
    AtomicFile file(path_);
    for (std::size_t at = 0; at < new_text.size(); at += 100)
      file.write(bytes_of(new_text).subspan(at, 100));
    file.commit();
  }
  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "out.png";
};

struct NamedError {
  int error;
  const char* name;
};
constexpr std::array<NamedError, 4> disk_errors = {
    {{ENOSPC, "ENOSPC"}, {EDQUOT, "EDQUOT"}, {EIO, "EIO"}, {EFBIG, "EFBIG"}}};

TEST_F(OutputFault, O02_O03_DiskFullAtEveryByte) {
  for (const NamedError& disk : disk_errors)
    for (std::size_t k = 0; k < new_text.size(); ++k) {
      SCOPED_TRACE(std::string(disk.name) + " at byte " + std::to_string(k));
      for (const bool old_file : {false, true}) {
        if (old_file) write_text(path_, "old");
        const auto info = expect_error(ErrorCode::io, [&] {
          const Armed armed({.room = k, .write_error = disk.error});
          write_pieces();
        });
        EXPECT_EQ(info.offset, k);
        EXPECT_TRUE(info.found.starts_with(disk.name)) << info.found;
        EXPECT_EQ(folder_.names().size(), old_file ? 1u : 0u) << "a temporary file was left";
        EXPECT_EQ(read_text(path_), old_file ? "old" : "");
        std::filesystem::remove(path_);
      }
    }
}

TEST_F(OutputFault, O03_FileSizeLimitAtEveryByte) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (std::size_t k = 0; k < new_text.size(); k += 7) {
    SCOPED_TRACE(k);
    const rlimit limit{k, before.rlim_max};
    write_text(path_, "old");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto info = test::error_of([&] { write_pieces(); });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->code, ErrorCode::io);
    EXPECT_TRUE(info->found.starts_with("EFBIG")) << info->found;
    EXPECT_EQ(info->offset, k);
    EXPECT_EQ(read_text(path_), "old");
    EXPECT_EQ(folder_.names().size(), 1u);
  }
  std::signal(SIGXFSZ, handler);
}

TEST_F(OutputFault, O04_NoRenameAfterAFailedClose) {
  for (const NamedError& disk : disk_errors) {
    write_text(path_, "old");
    const auto info = expect_error(ErrorCode::io, [&] {
      const Armed armed({.close_error = disk.error});
      write_pieces();
    });
    EXPECT_EQ(info.field, "close");
    EXPECT_TRUE(info.found.starts_with(disk.name)) << info.found;
    EXPECT_EQ(read_text(path_), "old");
    EXPECT_EQ(folder_.names().size(), 1u);
  }
}

TEST_F(OutputFault, InterruptedAndShortWritesAreContinued) {
  const Armed armed({.interrupt = true, .byte_by_byte = true});
  write_pieces();
  EXPECT_EQ(read_text(path_), new_text);
}

TEST_F(OutputFault, O02_AFailedFileStaysFailed) {
  AtomicFile file(path_);
  {
    const Armed armed({.room = 3, .write_error = ENOSPC});
    expect_error(ErrorCode::io, [&] { file.write(bytes_of("12345")); });
  }
  expect_error(ErrorCode::io, [&] { file.write(bytes_of("67")); });
  expect_error(ErrorCode::io, [&] { file.commit(); });
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(OutputFault, O01_FoldersThatCannotBeWrittenTo) {
  const auto absent = expect_error(ErrorCode::io, [&] { write_file(folder_ / "no/x", {}); });
  EXPECT_TRUE(absent.found.starts_with("ENOENT")) << absent.found;
  write_text(path_, "old");
  const auto file = expect_error(ErrorCode::io, [&] { write_file(path_ + "/x", {}); });
  EXPECT_TRUE(file.found.starts_with("ENOTDIR")) << file.found;
  const auto folder = expect_error(ErrorCode::io, [&] { write_file(folder_ / "", {}); });
  EXPECT_EQ(folder.found.substr(0, 6), "EISDIR");
  // /proc takes no new files, not even from root.
  const auto refused = expect_error(ErrorCode::io, [&] { write_file("/proc/quickbeam-test", {}); });
  EXPECT_EQ(refused.path, "/proc/quickbeam-test");
}

TEST_F(OutputFault, O05_ALinkIsReplacedNotFollowed) {
  const std::string input = folder_ / "input.cbf";
  write_text(input, "precious");
  for (const std::string& target : {input, folder_ / "absent", std::string("out.png")}) {
    ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
    write_file(path_, bytes_of("new"));
    EXPECT_FALSE(std::filesystem::is_symlink(path_));
    EXPECT_EQ(read_text(path_), "new");
    EXPECT_EQ(read_text(input), "precious");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "absent"));
    std::filesystem::remove(path_);
  }
}

TEST_F(OutputFault, O05_AHardLinkToTheInputLeavesTheInputAlone) {
  const std::string input = folder_ / "input.cbf";
  write_text(input, "precious");
  std::filesystem::create_hard_link(input, path_);
  write_file(path_, bytes_of("new"));
  EXPECT_EQ(read_text(input), "precious");
  EXPECT_EQ(read_text(path_), "new");
}

TEST_F(OutputFault, O05_DevicesAndFifosAreNotReplaced) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  for (const std::string& special : {path_, std::string("/dev/null")})
    EXPECT_EQ(expect_error(ErrorCode::io, [&] { write_file(special, {}); }).found,
              "a device, FIFO or socket");
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
  EXPECT_EQ(folder_.names().size(), 1u);
}

TEST_F(OutputFault, O07_TwoWritersOfOneNameDoNotMeet) {
  AtomicFile first(path_), second(path_);
  EXPECT_EQ(folder_.names().size(), 2u);
  first.write(bytes_of("first"));
  second.write(bytes_of("second"));
  second.commit();
  EXPECT_EQ(read_text(path_), "second");
  first.commit();
  EXPECT_EQ(read_text(path_), "first");
  EXPECT_EQ(folder_.names().size(), 1u);
}

TEST_F(OutputFault, O07_TemporaryNamesCannotBeGuessed) {
  std::vector<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const AtomicFile file(path_);
    seen.push_back(folder_.names().at(0));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST_F(OutputFault, O08_OddNamesWork) {
  const std::string names[] = {"100%d%s%n.png",
                               "new\nline.png",
                               "\xff\xfe latin.png",
                               "-rf",
                               "--help",
                               " ",
                               "tab\t.png",
                               "...",
                               "a'b\"c`d$e.png",
                               std::string(255, 'x'),
                               std::string(250, '\xc3')};
  for (const std::string& name : names) {
    write_file(folder_ / name, bytes_of(name));
    EXPECT_EQ(read_text(folder_ / name), name);
    std::filesystem::remove(folder_ / name);
  }
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(OutputFault, O08_ImpossibleNamesAreOneClearError) {
  const std::pair<std::string, std::string> cases[] = {
      {folder_ / std::string(256, 'x'), "ENAMETOOLONG"},
      {folder_ / std::string(5000, 'y'), "ENAMETOOLONG"},
      {folder_ / std::string("nul\0byte", 8), "EINVAL"},
      {folder_ / ".", "EISDIR"},
      {folder_ / "..", "EISDIR"},
      {"", "ENOENT"}};
  for (const auto& [name, error] : cases) {
    const auto info = expect_error(ErrorCode::io, [&, &path = name] { write_file(path, {}); });
    EXPECT_TRUE(info.found.starts_with(error)) << info.found;
  }
  EXPECT_TRUE(folder_.names().empty());
}

TEST_F(OutputFault, O08_MessagesEscapeControlBytes) {
  try {
    write_file(folder_ / "no/new\nline\x1b[31m", {});
    FAIL() << "no Error";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("new\\x0aline\\x1b[31m"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

struct SizeCase {
  Extent extent;
  ErrorCode code;
};

TEST(PictureFault, O13_ImpossibleSizesAreRefusedBeforeAnyWork) {
  constexpr std::int64_t big = std::int64_t{1} << 31;
  const SizeCase both[] = {{{0, 0}, ErrorCode::bad_field}, {{0, 5}, ErrorCode::bad_field},
                           {{5, 0}, ErrorCode::bad_field}, {{-1, 5}, ErrorCode::bad_field},
                           {{big, 1}, ErrorCode::limit},   {{1, big}, ErrorCode::limit}};
  const SizeCase jpeg_only[] = {{{1, 70000}, ErrorCode::limit},
                                {{100000, 100000}, ErrorCode::limit},
                                {{65501, 1}, ErrorCode::limit}};
  const std::uint8_t pixel = 0;
  Buffer<std::byte> out;
  for (const auto& [extent, code] : both) {
    const ImageView<const std::uint8_t> view(&pixel, extent);
    EXPECT_EQ(expect_error(code, [&] { encode_png(view, {}, out); }).format, "PNG");
    EXPECT_EQ(expect_error(code, [&] { encode_jpeg(view, {}, 85, out); }).format, "JPEG");
  }
  for (const auto& [extent, code] : jpeg_only) {
    const ImageView<const std::uint8_t> view(&pixel, extent);
    EXPECT_EQ(expect_error(code, [&] { encode_jpeg(view, {}, 85, out); }).field, "size");
  }
  EXPECT_EQ(out.capacity(), 0u);
}

}  // namespace
}  // namespace quickbeam::io
