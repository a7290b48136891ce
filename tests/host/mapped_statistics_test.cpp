// SPDX-License-Identifier: BSD-3-Clause
// Statistics of stacks that are looked at where they lie, against those of stacks that are read.
#include <quickbeam/mapped_files.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <quickbeam/files.hpp>
#include <quickbeam/stack_statistics.hpp>

#include "tests/host/statistics_stacks.hpp"
#include "tests/io/files.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::contents_of;
using test::expect_statistics;
using test::expect_table;
using test::floats;
using test::Stack;
using test::statistics_job;
using test::write_stack;

class MappedStatistics : public ::testing::Test {
 protected:
  MappedStatistics() { allow_mapped_files(); }
  bool is_in_place(const std::string& path, std::int64_t first, std::int64_t count) {
    const ImageSet set = ImageSet::open(std::vector{path});
    ImageReader reader(set);
    return reader.in_place(0, first, count, {0, set.groups()[0].extent.height}).has_value();
  }

  test::TemporaryFolder folder_;
  const std::string out_ = folder_ / "out";
};

TEST_F(MappedStatistics, AreThoseOfTheImages) {
  struct Case {
    const char* name;
    int images;
    Extent extent;
    bool in_place;  ///< of all images together
  };
  // One block and more, leaves that end early, bands, Spider's headers between images: short ones,
  // and ones that are longer than the images.
  for (const auto& [name, images, extent, in_place] :
       {Case{"a.mrcs", 1, {3, 3}, true}, Case{"a.mrcs", 257, {13, 11}, true},
        Case{"a.mrcs", 530, {97, 89}, true}, Case{"a.mrcs", 40, {400, 300}, true},
        Case{"a.mrcs", 19, {151, 109}, true}, Case{"a.mrcs", 18, {700, 500}, true},
        Case{"a.stk", 300, {31, 29}, true}, Case{"a.stk", 300, {11, 9}, false},
        Case{"a.stk", 40, {150, 140}, true}, Case{"a.stk", 20, {700, 500}, true}}) {
    SCOPED_TRACE(testing::Message() << name << ", " << images << " of " << extent.width);
    const Stack stack = floats(extent, images);
    write_stack(folder_ / name, stack);
    EXPECT_EQ(is_in_place(folder_ / name, 0, images), in_place);
    for (const unsigned threads : {1, 3}) {
      auto job = statistics_job({folder_ / name}, out_);
      job.threads = threads;
      const auto report = compute_statistics(job);
      EXPECT_EQ(report.groups[0].images, images);
      expect_statistics(stack, out_);
      expect_table(stack, out_ + "/particles.star");
    }
    if (HasFailure()) return;
  }
}

TEST_F(MappedStatistics, ReadersGiveTheBytesThatReadGives) {
  const Stack stack = floats({40, 30}, 50);
  for (const char* name : {"a.mrcs", "b.stk"}) {
    write_stack(folder_ / name, stack);
    const ImageSet set = ImageSet::open(std::vector{folder_ / name});
    ImageReader reader(set);
    for (const Rows rows : {Rows{0, 30}, Rows{0, 20}, Rows{11, 19}}) {
      const auto found = reader.in_place(0, 7, 9, rows);
      ASSERT_TRUE(found.has_value()) << name;
      const auto bytes = static_cast<std::size_t>(rows.count * 40) * sizeof(float);
      std::vector<std::byte> expected(9 * bytes);
      reader.read(0, 7, 9, rows, expected);
      for (std::size_t k = 0; k < 9; ++k)
        EXPECT_TRUE(std::equal(found->first + k * found->stride,
                               found->first + k * found->stride + bytes,
                               expected.begin() + static_cast<std::ptrdiff_t>(k * bytes)))
            << name << " image " << k;
    }
    EXPECT_FALSE(reader.in_place(0, 0, 0, {0, 30}).has_value());
    EXPECT_FALSE(reader.in_place(0, 0, 50, {0, 3}).has_value()) << "a small part of each";
    EXPECT_TRUE(reader.was_intact());
  }
}

TEST_F(MappedStatistics, OnlyOfImagesThatStandInARow) {
  write_stack(folder_ / "a.mrcs", floats({8, 8}, 5));
  write_stack(folder_ / "half.mrcs", test::whole_numbers({8, 8}, 5, 0, 9), io::StoredAs::half);
  test::write_text(folder_ / "some.star",
                   "data_\nloop_\n_rlnImageName\n1@a.mrcs\n2@a.mrcs\n4@a.mrcs\n");
  EXPECT_TRUE(is_in_place(folder_ / "a.mrcs", 0, 5));
  EXPECT_TRUE(is_in_place(folder_ / "some.star", 0, 2));
  EXPECT_FALSE(is_in_place(folder_ / "some.star", 0, 3));
  EXPECT_FALSE(is_in_place(folder_ / "half.mrcs", 0, 5)) << "needs decoding";
}

/// A band that begins with a later block finds it: the group begins again, once.
TEST_F(MappedStatistics, AFileOfLargeImagesThatIsCutMeanwhileIsReadAgain) {
  const Extent extent{1024, 512};  // bytes: two bands, each half of every image
  const Stack stack = test::whole_numbers(extent, 18, -100, 100);
  const std::string path = folder_ / "a.mrcs";
  write_stack(path, stack, io::StoredAs::int8);
  {
    const ImageSet set = ImageSet::open(std::vector{path});
    EXPECT_TRUE(ImageReader(set).in_place(0, 0, 18, {256, 256}).has_value());
  }
  auto job = statistics_job({path}, out_);
  job.threads = 1;
  bool done = false;
  const auto report = compute_statistics(job, [&](std::int64_t, std::int64_t) {
    if (!std::exchange(done, true)) fs::resize_file(path, fs::file_size(path) - 100);
  });
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.groups[0].images, 17);
  Stack rest = stack;
  rest.images.pop_back();
  expect_statistics(rest, out_);
  expect_table(rest, out_ + "/particles.star");
}

/// The last leaf finds that the file has become shorter, by less than a page: no signal tells.
TEST_F(MappedStatistics, AFileThatIsCutMeanwhileIsReadAgain) {
  struct Case {
    Extent extent;
    int images, first_lost;
    std::uintmax_t cut;
  };
  for (const auto& [extent, images, first_lost, cut] :
       {Case{{200, 200}, 270, 269, 100}, Case{{200, 200}, 270, 260, 10 * 160'000 - 8},
        Case{{800, 600}, 20, 19, 100}}) {
    SCOPED_TRACE(cut);
    const Stack stack = floats(extent, images);
    const std::string path = folder_ / "a.mrcs";
    write_stack(path, stack);
    auto job = statistics_job({path}, out_);
    job.threads = 1;
    bool done = false;
    const auto report = compute_statistics(job, [&, bytes = cut](std::int64_t, std::int64_t) {
      if (!std::exchange(done, true)) fs::resize_file(path, fs::file_size(path) - bytes);
    });
    ASSERT_EQ(report.failures.size(), 1U);
    EXPECT_EQ(report.failures[0].error.code(), ErrorCode::truncated);
    EXPECT_EQ(report.groups[0].images, first_lost);
    Stack rest = stack;
    rest.images.resize(static_cast<std::size_t>(first_lost));
    expect_statistics(rest, out_);
    expect_table(rest, out_ + "/particles.star");
  }
}

TEST_F(MappedStatistics, ASpiderImageThatIsNotOfItsStackFailsAsItDoesWhenItIsRead) {
  const std::string path = folder_ / "a.stk";
  const Extent extent{150, 140};
  write_stack(path, floats(extent, 40));
  EXPECT_TRUE(is_in_place(path, 0, 40));
  std::string text = test::read_text(path);
  const std::size_t pixels = 150 * 140 * sizeof(float), header = (text.size() - 40 * pixels) / 41;
  const std::size_t image = header + 20 * (header + pixels);  // header of the 21st
  for (const std::size_t word : {1, 11})                      // rows and columns, big-endian
    std::reverse(text.data() + image + word * 4, text.data() + image + word * 4 + 4);
  test::write_text(path, text);
  EXPECT_TRUE(is_in_place(path, 0, 20));
  EXPECT_FALSE(is_in_place(path, 0, 40));
  const auto report = compute_statistics(statistics_job({path}, out_));
  EXPECT_EQ(report.groups[0].images, 39);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].error.code(), ErrorCode::inconsistent);
}

}  // namespace
}  // namespace quickbeam
