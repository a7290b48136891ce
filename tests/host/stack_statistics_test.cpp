// SPDX-License-Identifier: BSD-3-Clause
#include <quickbeam/stack_statistics.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <quickbeam/files.hpp>

#include "tests/host/statistics_stacks.hpp"
#include "tests/io/files.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::contents_of;
using test::expect_error;
using test::expect_statistics;
using test::expect_table;
using test::floats;
using test::Stack;
using test::statistics_job;
using test::whole_numbers;
using test::write_stack;

class StackStatistics : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::string out_ = folder_ / "out";
};

TEST_F(StackStatistics, FloatsAgreeWithTwoPassesAtEverySize) {
  struct Case {
    int images;
    Extent extent;
  };
  // Leaves and chunks that end early; a block, two blocks, two bands of blocks.
  for (const auto& [images, extent] :
       {Case{1, {3, 3}}, Case{2, {1, 1}}, Case{17, {3, 3}}, Case{255, {7, 5}}, Case{256, {7, 5}},
        Case{257, {13, 11}}, Case{1000, {3, 3}}, Case{530, {97, 89}}, Case{40, {400, 300}},
        Case{19, {151, 109}}, Case{18, {700, 500}}, Case{3, {20011, 17}}}) {
    const Stack stack = floats(extent, images);
    write_stack(folder_ / "a.mrcs", stack);
    const auto report = compute_statistics(statistics_job({folder_ / "a.mrcs"}, out_));
    ASSERT_EQ(report.groups.size(), 1U);
    EXPECT_EQ(report.groups[0].images, images);
    EXPECT_EQ(report.groups[0].total, images);
    EXPECT_TRUE(report.failures.empty());
    expect_statistics(stack, out_);
    expect_table(stack, out_ + "/particles.star");
    if (HasFailure()) FAIL() << images << " images of " << extent.width << " x " << extent.height;
  }
}

TEST_F(StackStatistics, AllTypesAgreeWithTwoPasses) {
  const Extent extent{31, 29};
  const int images = 300;
  const auto check = [&](const std::string& name, const Stack& stack) {
    compute_statistics(statistics_job({folder_ / name}, out_));
    expect_statistics(stack, out_);
    expect_table(stack, out_ + "/particles.star");
    EXPECT_FALSE(HasFailure()) << name;
  };
  const Stack bytes = whole_numbers(extent, images, 0, 255),
              signed_bytes = whole_numbers(extent, images, -128, 127),
              shorts = whole_numbers(extent, images, -32768, 32767),
              unsigned_shorts = whole_numbers(extent, images, 0, 65535),
              halves = whole_numbers(extent, images, -2048, 2048);
  write_stack(folder_ / "i8.mrcs", signed_bytes, io::StoredAs::int8);
  check("i8.mrcs", signed_bytes);
  write_stack(folder_ / "i16.mrcs", shorts, io::StoredAs::int16);
  check("i16.mrcs", shorts);
  write_stack(folder_ / "u16.mrcs", unsigned_shorts, io::StoredAs::uint16);
  check("u16.mrcs", unsigned_shorts);
  write_stack(folder_ / "half.mrcs", halves, io::StoredAs::half);
  check("half.mrcs", halves);
  write_stack(folder_ / "a.stk", halves);
  check("a.stk", halves);
  test::write_npy<std::uint8_t>(folder_ / "u8.npy", bytes);
  check("u8.npy", bytes);
  test::write_npy<std::int32_t>(folder_ / "i32.npy", shorts);
  check("i32.npy", shorts);
  test::write_npy<double>(folder_ / "f64.npy", shorts);
  check("f64.npy", shorts);
}

TEST_F(StackStatistics, TheDivisorIsNOrNMinusOne) {
  const Stack stack = floats({5, 4}, 20);
  write_stack(folder_ / "a.mrcs", stack);
  auto job = statistics_job({folder_ / "a.mrcs"}, out_);
  job.outputs.ddof = 1;
  compute_statistics(job);
  expect_statistics(stack, out_, 1);
  expect_table(stack, out_ + "/particles.star", 1);
  // Of one image there is no such variance.
  write_stack(folder_ / "b.mrcs", floats({5, 4}, 1));
  job.inputs = {folder_ / "b.mrcs"};
  compute_statistics(job);
  for (const double v : test::read_doubles(out_ + "/variance.npy")) EXPECT_TRUE(std::isnan(v));
}

TEST_F(StackStatistics, ValuesThatAreNotFiniteAreLeftOutAndReported) {
  Stack stack = floats({6, 5}, 300);
  for (auto& image : stack.images) image[7] = std::numeric_limits<double>::quiet_NaN();
  stack.images[3][2] = std::numeric_limits<double>::infinity();
  stack.images[299][2] = -std::numeric_limits<double>::infinity();
  std::fill(stack.images[40].begin(), stack.images[40].end(),
            std::numeric_limits<double>::quiet_NaN());
  write_stack(folder_ / "a.mrcs", stack);
  const auto report = compute_statistics(statistics_job({folder_ / "a.mrcs"}, out_));
  expect_statistics(stack, out_);
  EXPECT_TRUE(std::isnan(test::read_doubles(out_ + "/average.npy")[7]));
  EXPECT_EQ(report.groups[0].missing_values, 300 + 2 + 29);
  EXPECT_EQ(report.groups[0].pixels_never_seen, 1);
  const auto rows = test::read_table(out_ + "/particles.star");
  ASSERT_EQ(rows.size(), 300U);
  EXPECT_EQ(rows[0][6], "1");
  EXPECT_EQ(rows[3][6], "2");
  EXPECT_EQ(rows[40][6], "30");
  EXPECT_EQ(rows[40][4], "nan") << "no value, no mean";
}

TEST_F(StackStatistics, AMeanThatIsLargeAgainstTheSpreadLosesNothing) {
  const Stack stack = floats({3, 3}, 20000, 1000, 1);
  write_stack(folder_ / "a.mrcs", stack);
  compute_statistics(statistics_job({folder_ / "a.mrcs"}, out_));
  expect_statistics(stack, out_, 0, 1e-10);
  const auto variance = test::read_doubles(out_ + "/variance.npy");
  for (std::size_t p = 0; p < 9; ++p) {
    const double expected = test::of_pixel(stack, p).variance;
    EXPECT_LT(std::abs(variance[p] / expected - 1), 1e-6);
    // The formula that this is written to avoid, on the same data.
    float sum = 0, squares = 0;
    for (const auto& image : stack.images) {
      const auto v = static_cast<float>(image[p]);
      sum += v;
      squares += v * v;
    }
    const float mean = sum / 20000;
    const float naive = (squares - 20000 * mean * mean) / 20000;
    EXPECT_GT(std::abs(static_cast<double>(naive) / expected - 1), 0.1);
  }
}

TEST_F(StackStatistics, AnyNumberOfThreadsGivesTheSameBits) {
  write_stack(folder_ / "a.mrcs", floats({191, 103}, 1400, 1e4, 3));
  write_stack(folder_ / "b.mrcs", whole_numbers({64, 30}, 700, -3000, 3000), io::StoredAs::int16);
  std::string first;
  for (const unsigned threads : {1U, 2U, 3U, 7U}) {
    fs::remove_all(out_);
    auto job = statistics_job({folder_ / "a.mrcs", folder_ / "b.mrcs"}, out_);
    job.threads = threads;
    job.outputs.partial = out_ + "/all.qbstat";
    compute_statistics(job);
    const std::string all = contents_of(out_);
    ASSERT_GT(all.size(), 191U * 103 * 8 * 6);
    if (first.empty()) first = all;
    EXPECT_TRUE(all == first) << threads << " threads";
  }
}

TEST_F(StackStatistics, SetsWithTwoSizesGiveOneResultAGroupInTheOrderOfTheSet) {
  const Stack small = floats({8, 8}, 5, 0), large = floats({16, 16}, 4, 7);
  write_stack(folder_ / "s.mrcs", small);
  write_stack(folder_ / "l.mrcs", large);
  test::write_text(folder_ / "set.star",
                   "data_optics\n\nloop_\n_rlnOpticsGroupName\n_rlnOpticsGroup\n"
                   "_rlnImagePixelSize\n_rlnImageSize\none 1 1.5 8\ntwo 2 2.5 16\n\n"
                   "data_particles\n\nloop_\n_rlnImageName\n_rlnOpticsGroup\n"
                   "2@s.mrcs 1\n1@l.mrcs 2\n4@l.mrcs 2\n1@s.mrcs 1\n3@l.mrcs 2\n5@s.mrcs 1\n");
  auto job = statistics_job({folder_ / "set.star"}, out_);
  job.set.root = folder_.path();
  const auto report = compute_statistics(job);
  ASSERT_EQ(report.groups.size(), 2U);
  EXPECT_EQ(report.groups[0].name, "one");
  EXPECT_EQ(report.groups[0].images, 3);
  EXPECT_EQ(report.groups[0].pixel_size_angstrom, 1.5);
  EXPECT_EQ(report.groups[1].pixel_size_angstrom, 2.5);
  expect_statistics({{8, 8}, {small.images[0], small.images[1], small.images[4]}}, out_, 0, 1e-12,
                    "_one");
  expect_statistics({{16, 16}, {large.images[0], large.images[2], large.images[3]}}, out_, 0, 1e-12,
                    "_two");
  const auto rows = test::read_table(out_ + "/particles.star");
  std::string names;
  for (const auto& row : rows) names += row[0] + ":" + row[1] + " ";
  EXPECT_EQ(names,
            "000002@s.mrcs:1 000001@l.mrcs:2 000004@l.mrcs:2 000001@s.mrcs:1 000003@l.mrcs:2 "
            "000005@s.mrcs:1 ");
}

TEST_F(StackStatistics, ACircleCountsInsideAndIsZeroOutside) {
  Stack stack = floats({150, 131}, 20);
  write_stack(folder_ / "a.mrcs", stack);
  auto job = statistics_job({folder_ / "a.mrcs"}, out_);
  job.region.radius = 40.5;
  compute_statistics(job);
  const auto average = test::read_doubles(out_ + "/average.npy");
  const auto count = test::read_doubles(out_ + "/count.npy");
  ASSERT_EQ(average.size(), stack.pixels());
  Stack inside{{1, 1}, std::vector<std::vector<double>>(20)};
  for (int y = 0; y < 131; ++y)
    for (int x = 0; x < 150; ++x) {
      const auto p = static_cast<std::size_t>(y * 150 + x);
      const bool in = (x - 75) * (x - 75) + (y - 65) * (y - 65) <= 40.5 * 40.5;
      EXPECT_EQ(count[p], in ? 20 : 0) << x << " " << y;
      if (in) {
        EXPECT_NEAR(average[p], test::of_pixel(stack, p).mean, 1e-12);
        for (std::size_t k = 0; k < 20; ++k) inside.images[k].push_back(stack.images[k][p]);
      } else {
        EXPECT_EQ(average[p], 0);
      }
    }
  expect_table(inside, out_ + "/particles.star");
}

TEST_F(StackStatistics, AMaskFromAFileCountsWhereItIsNotZero) {
  const Stack stack = floats({6, 4}, 5);
  write_stack(folder_ / "a.mrcs", stack);
  Stack mask{{6, 4}, {std::vector<double>(24, 0)}};
  for (const std::size_t p : {1U, 2U, 9U, 23U}) mask.images[0][p] = p;
  write_stack(folder_ / "mask.mrc", mask);
  auto job = statistics_job({folder_ / "a.mrcs"}, out_);
  job.region.file = folder_ / "mask.mrc";
  compute_statistics(job);
  Stack inside{{1, 1}, {}};
  for (const auto& image : stack.images)
    inside.images.push_back({image[1], image[2], image[9], image[23]});
  expect_table(inside, out_ + "/particles.star");
  EXPECT_EQ(test::read_doubles(out_ + "/max.npy")[0], 0);
  EXPECT_EQ(test::read_doubles(out_ + "/count.npy")[23], 5);

  write_stack(folder_ / "small.mrc", {{3, 3}, {std::vector<double>(9, 1)}});
  job.region.file = folder_ / "small.mrc";
  const auto info = expect_error(ErrorCode::inconsistent, [&] { (void)compute_statistics(job); });
  EXPECT_EQ(info.found, "3 x 3");
  job.region.radius = 3;
  expect_error(ErrorCode::usage, [&] { (void)compute_statistics(job); });
}

TEST_F(StackStatistics, MapsAreMrcFilesWithThePixelSize) {
  const Stack stack = floats({12, 10}, 9);
  write_stack(folder_ / "a.mrcs", stack, io::StoredAs::float32, 2.25);
  auto job = statistics_job({folder_ / "a.mrcs"}, out_);
  job.outputs.format = StatisticsOutputs::Format::mrc;
  const auto report = compute_statistics(job);
  EXPECT_EQ(report.outputs.size(), 7U);
  for (const std::string& path : report.outputs) EXPECT_TRUE(fs::exists(path)) << path;
  const auto info = describe_file(out_ + "/average.mrc");
  EXPECT_EQ(info.streams.at(0).type, PixelType::f32);
  EXPECT_NEAR(info.info.pixel_width_um.value_or(0), 2.25e-4, 1e-9);
  const auto image = load_image({out_ + "/variance.mrc", {}});
  for (std::size_t p = 0; p < stack.pixels(); ++p) {
    const double expected = test::of_pixel(stack, p).variance;
    EXPECT_NEAR(image.pixels.as<float>().data[p], expected, 1e-6 * expected);
  }
}

TEST_F(StackStatistics, AFileThatFailsFailsAlone) {
  const Stack stack = floats({9, 9}, 30);
  write_stack(folder_ / "a.mrcs", stack);
  test::write_text(folder_ / "set.star",
                   "data_particles\n\nloop_\n_rlnImageName\n1@gone.mrcs\n1@a.mrcs\n2@gone.mrcs\n"
                   "2@a.mrcs\n3@a.mrcs\n");
  auto job = statistics_job({folder_ / "set.star"}, out_);
  job.set.root = folder_.path();
  const auto report = compute_statistics(job);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_EQ(report.failures[0].images, 2);
  EXPECT_EQ(report.failures[0].error.code(), ErrorCode::not_found);
  expect_statistics({{9, 9}, {stack.images[0], stack.images[1], stack.images[2]}}, out_);
  job.on_failure = OnFailure::stop;
  expect_error(ErrorCode::not_found, [&] { (void)compute_statistics(job); });
}

/// A frame among others whose data cannot be decoded.
TEST_F(StackStatistics, AnImageThatCannotBeDecodedIsLeftOut) {
  const Extent extent{20, 20};
  const Stack stack = whole_numbers(extent, 40, 0, 100);
  std::vector<std::string> inputs;
  Stack good{extent};
  for (std::size_t k = 0; k < stack.images.size(); ++k) {
    Image image(PixelType::i32, extent);
    for (std::size_t p = 0; p < stack.pixels(); ++p)
      image.as<std::int32_t>().data[p] = static_cast<std::int32_t>(stack.images[k][p]);
    inputs.push_back(folder_ / (std::to_string(k) + ".cbf"));
    save_cbf(inputs.back(), image.const_view(), {}, Digest::no);
    if (k == 0 || k == 17) {
      std::string text = test::read_text(inputs.back());
      const std::size_t data = text.find("\x0c\x1a\x04\xd5") + 4;
      std::fill(text.begin() + static_cast<std::ptrdiff_t>(data),
                text.begin() + static_cast<std::ptrdiff_t>(data + 390), '\x80');
      test::write_text(inputs.back(), text);
    } else {
      good.images.push_back(stack.images[k]);
    }
  }
  const auto report = compute_statistics(statistics_job(inputs, out_));
  ASSERT_EQ(report.failures.size(), 2U);
  EXPECT_NE(report.failures[0].path.find("0.cbf"), std::string::npos);
  EXPECT_EQ(report.groups[0].images, 38);
  EXPECT_EQ(report.groups[0].total, 40);
  expect_statistics(good, out_);
  expect_table(good, out_ + "/particles.star");
  ASSERT_EQ(report.notices.size(), 1U);
  EXPECT_NE(report.notices[0].find("38 of 40 images"), std::string::npos);
}

/// A file that is cut while it is read: an image whose beginning has been added must go again.
TEST_F(StackStatistics, AnImageThatFailsInALaterBlockLeavesNothingBehind) {
  struct Case {
    Extent extent;
    int images;
  };
  // Several blocks in one band, with leaves behind the first; several bands.
  for (const auto& [extent, images] : {Case{{200, 200}, 270}, Case{{800, 600}, 20}}) {
    const Stack stack = floats(extent, images);
    const std::string path = folder_ / "a.mrcs";
    write_stack(path, stack);
    auto job = statistics_job({path}, out_);
    job.threads = 1;
    job.outputs.partial = folder_ / "a.qbstat";
    bool cut = false;
    const auto report = compute_statistics(job, [&](std::int64_t, std::int64_t) {
      if (!std::exchange(cut, true)) fs::resize_file(path, fs::file_size(path) - 100);
    });
    ASSERT_EQ(report.failures.size(), 1U);
    EXPECT_EQ(report.failures[0].error.code(), ErrorCode::truncated);
    EXPECT_EQ(report.groups[0].images, images - 1);
    Stack rest = stack;
    rest.images.pop_back();
    expect_statistics(rest, out_);
    expect_table(rest, out_ + "/particles.star");
    // The partial file says the same.
    StatisticsOutputs outputs = job.outputs;
    outputs.folder = folder_ / "merged";
    outputs.partial.clear();
    const std::string files[] = {job.outputs.partial};
    merge_statistics(files, outputs);
    EXPECT_TRUE(contents_of(out_) == contents_of(outputs.folder));
  }
}

TEST_F(StackStatistics, StoppedRunsWriteNothing) {
  write_stack(folder_ / "a.mrcs", floats({16, 16}, 600));
  std::atomic<bool> stop = false;
  auto job = statistics_job({folder_ / "a.mrcs"}, out_);
  job.outputs.partial = out_ + "/a.qbstat";
  job.stop = &stop;
  job.threads = 1;
  const auto report = compute_statistics(job, [&](std::int64_t, std::int64_t) { stop = true; });
  EXPECT_TRUE(report.stopped);
  EXPECT_TRUE(report.outputs.empty());
  EXPECT_TRUE(fs::is_empty(out_));
}

TEST_F(StackStatistics, FaultsOfTheJobComeFirst) {
  const std::string path = folder_ / "average.mrc";
  write_stack(path, floats({4, 4}, 1));
  const std::string before = test::read_text(path);
  auto job = statistics_job({path}, folder_.path());
  job.outputs.format = StatisticsOutputs::Format::mrc;
  expect_error(ErrorCode::inconsistent, [&] { (void)compute_statistics(job); });
  EXPECT_TRUE(test::read_text(path) == before) << "an input is never replaced";
  job.outputs.folder.clear();
  expect_error(ErrorCode::usage, [&] { (void)compute_statistics(job); });
  job.outputs.folder = out_;
  job.outputs.ddof = 2;
  expect_error(ErrorCode::usage, [&] { (void)compute_statistics(job); });
  job.outputs.ddof = 0;
  job.part = 2;
  expect_error(ErrorCode::usage, [&] { (void)compute_statistics(job); });
  job.part = 1;
  job.outputs.folder = path + "/out";
  expect_error(ErrorCode::io, [&] { (void)compute_statistics(job); });
  job.outputs.folder = out_;
}

}  // namespace
}  // namespace quickbeam
