// SPDX-License-Identifier: BSD-3-Clause
// A file appears whole under its name, or not at all.
#include "io/atomic_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/io/files.hpp"

namespace quickbeam::io {
namespace {

using test::bytes_of;
using test::expect_error;
using test::read_text;
using test::write_text;

class AtomicFileTest : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "out.png";
};

TEST_F(AtomicFileTest, AppearsOnlyAtCommit) {
  AtomicFile file(path_);
  file.write(bytes_of("first "));
  file.write(bytes_of("second"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  file.commit();
  EXPECT_EQ(read_text(path_), "first second");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"out.png"});
}

TEST_F(AtomicFileTest, TheTemporaryLiesBesideAndIsHidden) {
  AtomicFile file(path_);
  const auto names = folder_.names();
  ASSERT_EQ(names.size(), 1u);
  EXPECT_TRUE(names[0].starts_with(".out.png.") && names[0].ends_with(".tmp")) << names[0];
}

TEST_F(AtomicFileTest, WithoutCommitNothingChanges) {
  write_text(path_, "old");
  { AtomicFile(path_).write(bytes_of("new")); }
  EXPECT_EQ(read_text(path_), "old");
  EXPECT_EQ(folder_.names().size(), 1u);
}

TEST_F(AtomicFileTest, ReplacesAnOldFile) {
  write_text(path_, "an old and longer file");
  write_file(path_, bytes_of("new"));
  EXPECT_EQ(read_text(path_), "new");
}

TEST_F(AtomicFileTest, AnEmptyFileIsAFile) {
  write_file(path_, {});
  EXPECT_TRUE(std::filesystem::exists(path_));
  EXPECT_EQ(read_text(path_), "");
}

TEST_F(AtomicFileTest, TheModeFollowsTheUmask) {
  const mode_t old = ::umask(027);
  write_file(path_, bytes_of("x"));
  ::umask(old);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0640u);
}

TEST_F(AtomicFileTest, ACommittedFileTakesNoMore) {
  AtomicFile file(path_);
  file.write(bytes_of("x"));
  file.commit();
  EXPECT_NE(expect_error(ErrorCode::io, [&] { file.write(bytes_of("y")); }).found.find("EBADF"),
            std::string::npos);
  expect_error(ErrorCode::io, [&] { file.commit(); });
  EXPECT_EQ(read_text(path_), "x");
}

TEST_F(AtomicFileTest, ANameInTheCurrentFolderNeedsNoSlash) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_ / "");
  write_file("plain", bytes_of("x"));
  std::filesystem::current_path(before);
  EXPECT_EQ(read_text(folder_ / "plain"), "x");
}

}  // namespace
}  // namespace quickbeam::io
