// SPDX-License-Identifier: BSD-3-Clause
// Images by their location: the first exercises of a course, and what follows from them.
#include <quickbeam/image_handler.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <quickbeam/core/error.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

using test::TemporaryFolder;

template <class T>
ConstAnyView view_of(const std::vector<T>& pixels, Extent extent) {
  return ConstAnyView(ImageView<const T>(pixels.data(), extent));
}

std::vector<double> values_of(const LoadedImage& image) {
  std::vector<double> values;
  visit(image.pixels.const_view(), [&](auto view) {
    for (std::int64_t i = 0; i < view.extent.pixels(); ++i)
      values.push_back(static_cast<double>(view.data[i]));
  });
  return values;
}

template <class Work>
void expect_error(ErrorCode code, Work work) {
  try {
    work();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
  }
}

const std::vector<float> nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(FirstExercise, NineNumbersBecomeAnMrcFile) {
  TemporaryFolder folder;
  ImageHandler images;
  EXPECT_TRUE(images.write(view_of(nine, {3, 3}), folder / "nine.mrc", 1.5).empty());

  const std::string file = test::read_text(folder / "nine.mrc");
  ASSERT_EQ(file.size(), 1024U + 9 * 4);
  EXPECT_EQ(std::memcmp(file.data() + 1024, nine.data(), 36), 0) << "rows from the first on";

  const LoadedImage back = images.read(folder / "nine.mrc");
  EXPECT_EQ(back.pixels.type(), PixelType::f32);
  EXPECT_EQ(back.pixels.extent(), (Extent{3, 3}));
  EXPECT_EQ(values_of(back), (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(back.pixel_size_angstrom, 1.5);

  const ImageDescription d = images.describe(folder / "nine.mrc", Statistics::measured);
  EXPECT_EQ(d.format, "MRC");
  EXPECT_EQ(d.extent, (Extent{3, 3}));
  EXPECT_EQ(d.type, PixelType::f32);
  EXPECT_EQ(d.frames, 1);
  EXPECT_EQ(d.sampling_rate_angstrom, 1.5);
  for (const PixelSummary& s : {d.claimed, d.measured.value().summary}) {
    EXPECT_EQ(s.min, 1);
    EXPECT_EQ(s.max, 9);
    EXPECT_EQ(s.mean, 5);
    EXPECT_NEAR(s.sd.value_or(0), std::sqrt(60.0 / 9), 1e-6);
  }
}

TEST(FirstExercise, MrcfileReadsTheNineNumbers) {
  if (std::system("/usr/bin/python3 -c 'import mrcfile' >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "python3-mrcfile is not installed";
  TemporaryFolder folder;
  ImageHandler().write(view_of(nine, {3, 3}), folder / "nine.mrc", 1.5);
  test::write_text(folder / "check.py",
                   "import mrcfile, numpy\n"
                   "assert mrcfile.validate('nine.mrc')\n"
                   "m = mrcfile.open('nine.mrc')\n"
                   "assert m.data.dtype == numpy.float32, m.data.dtype\n"
                   "assert (m.data.reshape(3, 3) == numpy.arange(1, 10).reshape(3, 3)).all()\n"
                   "assert abs(m.voxel_size.x - 1.5) < 1e-6\n");
  EXPECT_EQ(
      std::system(("cd '" + folder.path() + "' && /usr/bin/python3 check.py >said 2>&1").c_str()),
      0)
      << test::read_text(folder / "said");
}

class Handler : public ::testing::Test {
 protected:
  std::string location(std::int64_t number, const char* name) const {
    return std::to_string(number) + "@" + folder_ / name;
  }
  TemporaryFolder folder_;
  ImageHandler images_;
};

std::vector<float> filled(float value) { return std::vector<float>(20, value); }

TEST_F(Handler, WritesIntoItsPlaceInAStack) {
  for (const char* name : {"s.stk", "s.mrcs", "s.mrc", "s.st", "s.spi"}) {
    SCOPED_TRACE(name);
    expect_error(ErrorCode::inconsistent, [&] {
      images_.write(view_of(filled(0), {5, 4}), location(2, name));
    });
    EXPECT_FALSE(std::filesystem::exists(folder_ / name));
    for (std::int64_t k = 1; k <= 5; ++k)
      images_.write(view_of(filled(static_cast<float>(k)), {5, 4}), location(k, name), 2.5);
    images_.write(view_of(filled(33), {5, 4}), location(3, name));
    expect_error(ErrorCode::inconsistent, [&] {
      images_.write(view_of(filled(0), {5, 4}), location(7, name));
    });
    expect_error(ErrorCode::inconsistent, [&] {
      images_.write(view_of(nine, {3, 3}), location(1, name));
    });
    const ImageDescription d = images_.describe(folder_ / name);
    EXPECT_EQ(d.frames, 5);
    EXPECT_EQ(d.extent, (Extent{5, 4}));
    EXPECT_EQ(d.sampling_rate_angstrom, 2.5);
    const double expected[] = {1, 2, 33, 4, 5};
    for (std::int64_t k = 1; k <= 5; ++k)
      EXPECT_EQ(values_of(images_.read(location(k, name))),
                std::vector<double>(20, expected[k - 1]));
  }
}

TEST_F(Handler, ANewStackHasTheTypeOfItsFirstImage) {
  const std::vector<std::int16_t> counts = {-5, 7, 300, -32768};
  images_.write(view_of(counts, {2, 2}), location(1, "i.mrcs"));
  const std::vector<double> more = {1.4, 1.6, 1e9, NAN};
  const auto notices = images_.write(view_of(more, {2, 2}), location(2, "i.mrcs"));
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_NE(notices[0].find("1 pixels"), std::string::npos) << notices[0];
  EXPECT_EQ(images_.read(location(1, "i.mrcs")).pixels.type(), PixelType::i16);
  EXPECT_EQ(values_of(images_.read(location(1, "i.mrcs"))),
            (std::vector<double>{-5, 7, 300, -32768}));
  EXPECT_EQ(values_of(images_.read(location(2, "i.mrcs"))), (std::vector<double>{1, 2, 32767, 0}));
}

TEST_F(Handler, SeesThatAFileChanged) {
  ImageHandler other;
  images_.write(view_of(filled(1), {5, 4}), location(1, "a.stk"));
  EXPECT_EQ(values_of(images_.read(location(1, "a.stk")))[0], 1);
  other.write(view_of(filled(2), {5, 4}), location(1, "a.stk"));
  other.write(view_of(filled(3), {5, 4}), location(2, "a.stk"));
  EXPECT_EQ(values_of(images_.read(location(1, "a.stk")))[0], 2);
  EXPECT_EQ(values_of(images_.read(location(2, "a.stk")))[0], 3);
  expect_error(ErrorCode::inconsistent, [&] { images_.read(location(3, "a.stk")); });
  std::filesystem::remove(folder_ / "a.stk");
  expect_error(ErrorCode::not_found, [&] { images_.read(location(1, "a.stk")); });
}

TEST_F(Handler, ReadsEveryImageOfAStackAndOfItsSet) {
  const ParticleExperiment e{.count = 6, .box_px = 16};
  const std::atomic<bool> go_on{false};
  write_particles(e, {folder_ / "p.mrcs", folder_ / "p.star", folder_ / "p.xmd"}, 1, go_on);
  const ParticleSimulator simulator(e);
  Image expected(PixelType::f32, simulator.extent());
  for (std::int64_t k = 0; k < 6; ++k) {
    simulator.render(k, expected.as<float>());
    for (const char* name : {"p.mrcs", "p.star", "p.xmd"}) {
      const LoadedImage image = images_.read(location(k + 1, name));
      ASSERT_EQ(image.pixels.type(), PixelType::f32);
      EXPECT_EQ(image.pixel_size_angstrom, 3);
      EXPECT_EQ(std::memcmp(image.pixels.const_view().data, expected.const_view().data, 1024), 0)
          << name << k;
    }
  }
  expect_error(ErrorCode::inconsistent, [&] { images_.read(location(7, "p.star")); });
  expect_error(ErrorCode::usage, [&] { images_.read(folder_ / "p.star"); });
}

TEST_F(Handler, DescribesSets) {
  const std::atomic<bool> go_on{false};
  write_particles({.count = 6, .box_px = 16}, {folder_ / "p.mrcs", folder_ / "p.star", ""}, 1,
                  go_on);
  const ImageDescription d = images_.describe(folder_ / "p.star", Statistics::measured);
  EXPECT_EQ(d.format, "RELION 3.1 STAR");
  EXPECT_EQ(d.frames, 6);
  EXPECT_EQ(d.extent, (Extent{16, 16}));
  EXPECT_EQ(d.sampling_rate_angstrom, 3);
  EXPECT_FALSE(d.type);
  EXPECT_EQ(d.measured.value().images, 6);
  EXPECT_EQ(d.measured.value().count, 6U * 256);
  const ImageDescription stack = images_.describe(folder_ / "p.mrcs", Statistics::measured);
  EXPECT_EQ(stack.measured.value().summary.mean, d.measured.value().summary.mean);
  EXPECT_NEAR(stack.claimed.mean.value_or(0), *stack.measured.value().summary.mean, 1e-6);
}

TEST_F(Handler, MeasuresWhatIsANumber) {
  const std::vector<float> odd = {1, NAN, 3, INFINITY, 5, -INFINITY};
  images_.write(view_of(odd, {3, 2}), folder_ / "odd.mrc");
  const MeasuredPixels measured = measure_pixels(folder_ / "odd.mrc");
  EXPECT_EQ(measured.count, 3U);
  EXPECT_EQ(measured.left_out, 3U);
  EXPECT_EQ(measured.summary.mean, 3);
  EXPECT_EQ(measured.summary.max, 5);
  EXPECT_FALSE(images_.describe(folder_ / "odd.mrc").claimed.mean) << "the header says nothing";
  const std::vector<float> none(4, NAN);
  images_.write(view_of(none, {2, 2}), folder_ / "none.mrc");
  EXPECT_FALSE(measure_pixels(folder_ / "none.mrc").summary.mean);
  const std::vector<std::int32_t> counts = {-1, -2, 10, 20};  // gap, bad pixel
  images_.write(view_of(counts, {2, 2}), folder_ / "counts.cbf");
  EXPECT_EQ(measure_pixels(folder_ / "counts.cbf").summary.mean, 15);
  EXPECT_EQ(measure_pixels(folder_ / "counts.cbf").left_out, 2U);
}

TEST_F(Handler, ALargeMeanCostsNoDigits) {
  std::vector<float> pixels(100000);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = i % 2 ? 1e6F + 1 : 1e6F - 1;
  images_.write(view_of(pixels, {1000, 100}), folder_ / "a.mrc");
  EXPECT_EQ(measure_pixels(folder_ / "a.mrc").summary.sd, 1);
}

TEST_F(Handler, RefusesWhatItCannotDo) {
  expect_error(ErrorCode::usage, [&] { images_.write(view_of(nine, {3, 3}), folder_ / "a.tif"); });
  expect_error(ErrorCode::usage, [&] {
    images_.write(view_of(nine, {3, 3}), location(1, "a.npy"));
  });
  expect_error(ErrorCode::bad_field, [&] {
    images_.write(view_of(nine, {3, 3}), "0@" + folder_ / "a.stk");
  });
  images_.write(view_of(nine, {3, 3}), folder_ / "plain.spi");
  expect_error(ErrorCode::unsupported, [&] {
    images_.write(view_of(nine, {3, 3}), location(2, "plain.spi"));
  });
  expect_error(ErrorCode::unsupported, [&] {
    images_.write(view_of(nine, {3, 3}), folder_ / "floats.cbf");
  });
  expect_error(ErrorCode::not_found, [&] { images_.read(folder_ / "nowhere.mrc"); });
}

}  // namespace
}  // namespace quickbeam
