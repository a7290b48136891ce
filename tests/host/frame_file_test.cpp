// SPDX-License-Identifier: BSD-3-Clause
// Files of several sections and of three dimensions as a row of frames, and where their errors lie.
#include "host/src/frame_file.hpp"

#include <gtest/gtest.h>

#include <vector>

#include <quickbeam/core/image.hpp>
#include <quickbeam/thumbnails.hpp>

#include "kernels/row_decoder.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"
#include "tests/oracle/packed_encoder.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam {
namespace {

constexpr int width = 6, height = 4;
constexpr std::int64_t area = width * height;
using Pixels = std::vector<std::int32_t>;

/// Pixels of frame `number`, unlike those of any other.
Pixels frame_pixels(std::int64_t number) {
  Pixels pixels;
  for (std::int64_t i = 0; i < area; ++i)
    pixels.push_back(static_cast<std::int32_t>(number * 1000 + i * i % 37));
  return pixels;
}

/// Frames first .. first + depth - 1 in one section.
oracle::CbfSectionParts section(std::int64_t first, int depth, bool packed) {
  Pixels all;
  for (std::int64_t k = first; k < first + depth; ++k)
    for (const std::int32_t pixel : frame_pixels(k)) all.push_back(pixel);
  auto part = oracle::good_section({all.begin(), all.end()}, width, height);
  if (depth > 1) part.set("X-Binary-Size-Third-Dimension", std::to_string(depth));
  if (packed) {
    part.content_type = "application/octet-stream;\r\n     conversions=\"x-CBF_PACKED\"";
    const auto bytes = oracle::encode_packed<std::int32_t>(
        all, {.width = width, .height = height, .depth = depth});
    part.data.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    part.set("X-Binary-Size", std::to_string(part.data.size()));
  }
  return part;
}

class FrameFiles : public ::testing::Test {
 protected:
  /// Writes a file of these sections; their frames are numbered from 0 through all of them.
  void write(const std::vector<std::pair<int, bool>>& depths) {
    parts_ = {};
    std::int64_t first = 0;
    for (const auto& [depth, packed] : depths) {
      parts_.sections.push_back(section(first, depth, packed));
      parts_.sections.back().set("X-Binary-ID", std::to_string(parts_.sections.size()));
      first += depth;
    }
    test::write_text(path_, parts_.bytes());
  }
  static Pixels decoded(const Payload& payload) {
    Pixels pixels(area);
    kernels::decode_all(payload, std::as_writable_bytes(std::span(pixels)));
    return pixels;
  }
  static ErrorInfo error_of(const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.info();
    }
    ADD_FAILURE() << "no Error";
    return {};
  }

  test::TemporaryFolder folder_;
  const std::string path_ = folder_ / "frames.cbf";
  oracle::CbfParts parts_;
  FrameFile file_;
};

TEST_F(FrameFiles, SectionsAndThirdDimensionsAreOneRowOfFrames) {
  const std::vector<std::pair<int, bool>> layouts[] = {
      {{1, false}}, {{1, true}}, {{1, false}, {1, true}, {1, false}},
      {{5, false}}, {{5, true}}, {{2, true}, {1, false}, {3, false}, {4, true}}};
  for (const auto& layout : layouts) {
    write(layout);
    file_.open(path_);  // one object for all files
    std::int64_t frames = 0;
    for (const auto& [depth, packed] : layout) frames += depth;
    ASSERT_EQ(file_.frames(), frames);
    for (const std::int64_t step : {1, -1})
      for (std::int64_t n = 0; n < frames; ++n) {
        const std::int64_t k = step > 0 ? n : frames - 1 - n;
        const Payload payload = file_.frame(k);
        EXPECT_EQ(payload.depth, 1);
        EXPECT_EQ(payload.extent, (Extent{width, height}));
        EXPECT_EQ(decoded(payload), frame_pixels(k)) << "frame " << k;
      }
  }
}

TEST_F(FrameFiles, FramesOfSeveralStreamsCanBeHeldAtOnce) {
  write({{2, false}, {3, true}, {100, false}});
  file_.open(path_);
  std::vector<Payload> payloads;
  for (std::int64_t k = 0; k < file_.frames(); ++k) payloads.push_back(file_.frame(k));
  for (std::int64_t k = 0; k < file_.frames(); ++k)
    EXPECT_EQ(decoded(payloads[static_cast<std::size_t>(k)]), frame_pixels(k));
}

TEST_F(FrameFiles, ASumAcrossStreamsAddsEachFrameOnce) {
  write({{2, false}, {2, true}});
  ThumbnailJob job;
  job.inputs = {path_};
  job.output = folder_ / "out";
  job.device = choose_device("cpu");
  job.recipe.sum_frames = 4;
  job.recipe.reduce.factor = 1;
  double highest = 0;
  make_thumbnails(job, [&](const ThumbnailResult& r) {
    ASSERT_FALSE(r.error) << to_string(*r.error);
    highest = r.numbers.highest;
  });
  EXPECT_EQ(highest, (0 + 1 + 2 + 3) * 1000 + 4 * 36);
}

TEST_F(FrameFiles, AFrameBeyondTheLastIsAUsageError) {
  write({{2, true}, {1, false}});
  file_.open(path_);
  const ErrorInfo error = error_of([&] { file_.frame(3); });
  EXPECT_EQ(error.code, ErrorCode::usage);
  EXPECT_EQ(error.path, path_);
  EXPECT_EQ(error.expected, "at most 2");
  EXPECT_EQ(error.found, "3");
}

TEST_F(FrameFiles, LocatedAddsPathFrameAndPlaceInTheFile) {
  write({{1, false}, {1, false}});
  file_.open(path_);
  const Error local({.code = ErrorCode::bad_stream, .field = "x", .offset = 5, .frame = 7});
  const ErrorInfo info = file_.located(local, 1).info();
  EXPECT_EQ(info.path, path_);
  EXPECT_EQ(info.format, "CBF");
  EXPECT_EQ(info.frame, 2U) << "counted from 1, not the place in a group";
  EXPECT_EQ(info.offset, parts_.bytes().rfind("\x0c\x1a\x04\xd5") + 4 + 5);
  EXPECT_EQ(to_string(file_.located(Error(info), 0).info()), to_string(info)) << "once only";
  EXPECT_FALSE(file_.located(Error({.code = ErrorCode::io}), 0).info().offset);

  write({{1, false}});
  file_.open(path_);
  EXPECT_FALSE(file_.located(local, 0).info().frame) << "the only frame needs no number";
}

TEST_F(FrameFiles, ADamagedStreamOfDepthIsLocatedAndSpoilsNoOther) {
  write({{2, false}, {3, false}});
  auto& damaged = parts_.sections[1];
  damaged.data.resize(damaged.data.size() - 3);
  damaged.set("X-Binary-Size", std::to_string(damaged.data.size()));
  const std::string bytes = parts_.bytes();
  test::write_text(path_, bytes);
  file_.open(path_);
  EXPECT_EQ(decoded(file_.frame(1)), frame_pixels(1));
  const ErrorInfo error = error_of([&] { file_.frame(4); });
  EXPECT_EQ(error.code, ErrorCode::inconsistent) << "too few pixels for the dimensions";
  EXPECT_EQ(error.path, path_);
  EXPECT_EQ(error.frame, 5U) << "counted from 1";
  EXPECT_EQ(error.offset, bytes.rfind("\x0c\x1a\x04\xd5") + 4 + damaged.data.size());
  EXPECT_EQ(decoded(file_.frame(0)), frame_pixels(0));
  EXPECT_EQ(error_of([&] { file_.frame(2); }).code, error.code) << "asked again";
  write({{2, true}, {3, false}});
  file_.open(path_);
  EXPECT_EQ(decoded(file_.frame(4)), frame_pixels(4));
}

TEST_F(FrameFiles, AStackIsReadFrameByFrameAndFramesStayUntilReleased) {
  for (const auto& [name, bytes] : {std::pair{"a.mrcs", oracle::mrc_file({6, 4, 9, 1, true}).text},
                                    {"a.stk", oracle::spider_file({6, 4, 1, 9}).text}}) {
    test::write_text(folder_ / name, bytes);
    file_.open(folder_ / name);
    ASSERT_EQ(file_.frames(), 9);
    ASSERT_NE(file_.stack(), nullptr);
    const auto expect_frame = [](const Payload& payload, std::int64_t k) {
      Image image(payload.type, payload.extent);
      kernels::decode_all(payload, {image.view().data, area * size_of(payload.type)});
      visit(image.const_view(), [&](auto view) {
        for (std::int64_t i = 0; i < area; ++i)
          ASSERT_EQ(static_cast<int>(view.data[i]), oracle::pixel_at(k * area + i));
      });
    };
    std::vector<Payload> held;
    for (const std::int64_t k : {4, 0, 8, 4}) held.push_back(file_.frame(k));
    EXPECT_EQ(held[0].bytes.data(), held[3].bytes.data()) << "read once";
    expect_frame(held[0], 4);
    expect_frame(held[1], 0);
    expect_frame(held[2], 8);
    file_.release_frames();
    const Payload again = file_.frame(7);
    expect_frame(again, 7);
    EXPECT_EQ(again.bytes.data(), held[0].bytes.data()) << "in the memory of a released frame";
    EXPECT_EQ(error_of([&] { file_.frame(9); }).code, ErrorCode::usage);
    const Error local({.code = ErrorCode::bad_stream, .field = "x", .offset = 5});
    EXPECT_EQ(file_.located(local, 2).info().offset, file_.stack()->info().layout.offset_of(2) + 5);
  }
  write({{1, false}});
  file_.open(path_);
  EXPECT_EQ(file_.stack(), nullptr);
  EXPECT_EQ(decoded(file_.frame(0)), frame_pixels(0));
}

}  // namespace
}  // namespace quickbeam
