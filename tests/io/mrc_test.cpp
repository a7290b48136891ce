// SPDX-License-Identifier: BSD-3-Clause
// MRC files of every mode and byte order, as they should be and as they are in the field.
#include "io/mrc.hpp"

#include "tests/io/containers.hpp"
#include "tests/io/stack_reading.hpp"
#include "tests/oracle/stack_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_span;
using oracle::Bytes;
using oracle::mrc_file;
using oracle::MrcShape;
using test::read_values;

/// A file with some words changed.
Bytes edited(std::vector<std::pair<std::size_t, std::int64_t>> words, MrcShape shape = {}) {
  Bytes file = mrc_file(shape);
  for (const auto& [word, value] : words) file.word(word, value);
  return file;
}

StackInfo info_of(const Bytes& file, const std::string& path = "a.mrc",
                  const StackOptions& options = {}) {
  return StackFile::over(as_span(file.text), path, options).info();
}

std::string attribute(const StackInfo& info, const std::string& key) {
  for (const auto& [name, value] : info.attributes)
    if (name == key) return value;
  return "absent";
}

struct ModeRow {
  int mode;
  Encoding encoding;
  PixelType type;
};
constexpr ModeRow modes[] = {{0, Encoding::raw, PixelType::u8},
                             {1, Encoding::raw, PixelType::i16},
                             {2, Encoding::raw, PixelType::f32},
                             {3, Encoding::complex_int16, PixelType::f32},
                             {4, Encoding::complex_float32, PixelType::f32},
                             {6, Encoding::raw, PixelType::u16},
                             {12, Encoding::half, PixelType::f32},
                             {101, Encoding::nibbles, PixelType::u8}};

TEST(Mrc, EveryModeInBothByteOrders) {
  for (const auto& row : modes)
    for (const bool big : {false, true})
      for (const auto& [nx, ny, nz] : {std::array{4, 3, 2}, {1, 1, 1}, {5, 3, 4}, {7, 1, 3}}) {
        SCOPED_TRACE(testing::Message() << "mode " << row.mode << (big ? " BE " : " LE ") << nx);
        const MrcShape shape{nx, ny, nz, row.mode, big};
        Bytes bytes = mrc_file(shape);
        if (row.mode == 0) bytes.real(20, 0);
        const StackFile file = StackFile::over(as_span(bytes.text), "a.mrc");
        const StackInfo& info = file.info();
        EXPECT_EQ(info.format, "MRC");
        EXPECT_EQ(info.encoding, row.encoding);
        EXPECT_EQ(info.type, row.type);
        EXPECT_EQ(info.order, big ? ByteOrder::big : ByteOrder::little);
        EXPECT_EQ(info.extent, (Extent{nx, ny}));
        EXPECT_EQ(info.count, nz);
        EXPECT_EQ(info.volume_depth, 1);
        EXPECT_EQ(info.notices.size(), row.mode == 3 || row.mode == 4 ? 1U : 0U);
        const auto values = read_values(file);
        ASSERT_EQ(values.size(), static_cast<std::size_t>(nx * ny * nz));
        for (std::size_t i = 0; i < values.size(); ++i)
          ASSERT_EQ(values[i], oracle::mrc_value(shape, static_cast<std::int64_t>(i))) << i;
      }
}

TEST(Mrc, PixelSizeAxesAndStatistics) {
  const StackInfo info = info_of(mrc_file({}));
  EXPECT_EQ(info.pixel_size_angstrom, 1.5);
  EXPECT_EQ(info.axes, (std::array{1, 2, 3}));
  EXPECT_EQ(info.statistics.min, -50);
  EXPECT_EQ(info.statistics.max, 50);
  EXPECT_EQ(info.statistics.mean, 0);
  EXPECT_EQ(info.statistics.sd, 30);
  EXPECT_FALSE(info_of(edited({{11, 0}})).pixel_size_angstrom);
  EXPECT_FALSE(info_of(edited({{8, 0}})).pixel_size_angstrom);
  EXPECT_FALSE(info_of(edited({{8, -4}})).pixel_size_angstrom);
  Bytes unset = mrc_file({});
  unset.real(20, -1);
  unset.real(21, -2);
  unset.real(22, -3);
  unset.real(55, -1);
  const StackInfo none = info_of(unset);
  EXPECT_FALSE(none.statistics.min || none.statistics.max || none.statistics.mean ||
               none.statistics.sd);
}

TEST(Mrc, PermutedAxesAreSaidAndTheColumnsGiveThePixelSize) {
  Bytes file = edited({{17, 3}, {18, 1}, {19, 2}, {10, 2}});
  file.real(13, 5);
  const StackInfo info = info_of(file);
  EXPECT_EQ(info.axes, (std::array{3, 1, 2}));
  EXPECT_EQ(info.pixel_size_angstrom, 2.5);
  ASSERT_EQ(info.notices.size(), 1U);
  EXPECT_NE(info.notices[0].find("3, 1, 2"), std::string::npos);
  EXPECT_EQ(info_of(edited({{17, 0}, {18, 0}, {19, 0}})).notices.size(), 1U);
}

TEST(Mrc, ExtendedHeadersAreSkippedAndKept) {
  Bytes file = mrc_file({});
  const std::string extended = "eight extended bytes....";
  file.text.insert(1024, extended);
  file.word(24, static_cast<std::int64_t>(extended.size()));
  file.text.replace(104, 4, "FEI1");
  const StackFile stack = StackFile::over(as_span(file.text), "a.mrc");
  EXPECT_EQ(stack.info().layout.first, 1024 + extended.size());
  EXPECT_EQ(test::text_of(stack.extended_header()), extended);
  EXPECT_EQ(attribute(stack.info(), "extended header"), "24 bytes, type FEI1");
  EXPECT_EQ(read_values(stack)[0], -50);
  EXPECT_TRUE(StackFile::over(as_span(mrc_file({}).text), "a.mrc").extended_header().empty());
}

TEST(Mrc, StackOrVolume) {
  const auto depth = [](std::int64_t ispg, std::int64_t mz, const std::string& path = "a.mrc",
                        StackReading reading = StackReading::automatic) {
    return info_of(edited({{23, ispg}, {10, mz}}, {.nz = 6}), path, {.reading = reading})
        .volume_depth;
  };
  EXPECT_EQ(depth(0, 1), 1);
  EXPECT_EQ(depth(0, 6), 1);
  EXPECT_EQ(depth(1, 6), 6);
  EXPECT_EQ(depth(401, 3), 3);
  EXPECT_EQ(depth(630, 2), 2);
  EXPECT_EQ(depth(19, 6), 6);
  for (const char* name : {"a.mrcs", "a.st", "A.MRCS", "a.mrcs.gz", "a.st.bz2"})
    EXPECT_EQ(depth(1, 6, name), 1) << name;
  EXPECT_EQ(depth(1, 6, "a.map", StackReading::stack), 1);
  EXPECT_EQ(depth(0, 1, "a.mrcs", StackReading::volume), 6);
  EXPECT_EQ(depth(401, 3, "a.mrcs", StackReading::volume), 3);
  EXPECT_EQ(depth(-7, 1), 1);
  EXPECT_EQ(info_of(edited({{23, 631}})).notices.size(), 1U);
}

TEST(Mrc, RelionsSuffixAsksForAStack) {
  test::TemporaryFolder folder;
  test::write_text(folder / "v.mrc", edited({{23, 1}, {10, 2}}).text);
  EXPECT_TRUE(StackFile::open(folder / "v.mrc").info().is_volume());
  EXPECT_FALSE(StackFile::open(folder / "v.mrc:mrcs").info().is_volume());
  EXPECT_FALSE(StackFile::open(folder / "v.mrc:st").info().is_volume());
  const StackOptions as_stack{.reading = StackReading::stack};
  EXPECT_FALSE(StackFile::open(folder / "v.mrc", as_stack).info().is_volume());
  EXPECT_FALSE(StackFile::open(folder / "v.mrc:stk", as_stack).info().is_volume());
  EXPECT_TRUE(StackFile::open(folder / "v.mrc:mrc", as_stack).info().is_volume())
      << "the name is the nearer word";
}

TEST(Mrc, BytesAreSignedOrNotByImodsRule) {
  const auto type_of = [](float low, float high, std::int64_t stamp, std::int64_t flags,
                          Mode0 mode0 = Mode0::automatic) {
    Bytes file = edited({{39, stamp}, {40, flags}}, {.mode = 0});
    file.real(20, low);
    file.real(21, high);
    return info_of(file, "a.mrc", {.mode0 = mode0}).type;
  };
  constexpr std::int64_t imod = 1146047817;
  EXPECT_EQ(type_of(-1, 127, 0, 0), PixelType::i8);
  EXPECT_EQ(type_of(0, 255, 0, 0), PixelType::u8);
  EXPECT_EQ(type_of(0, 100, 0, 0), PixelType::u8);
  EXPECT_EQ(type_of(-1, 200, 0, 0), PixelType::u8);
  EXPECT_EQ(type_of(0, 255, imod, 1), PixelType::i8);
  EXPECT_EQ(type_of(-1, 100, imod, 0), PixelType::u8);
  EXPECT_EQ(type_of(-1, 100, 7, 1), PixelType::i8) << "no stamp, no flags";
  EXPECT_EQ(type_of(0, 255, imod, 0, Mode0::signed_bytes), PixelType::i8);
  EXPECT_EQ(type_of(-1, 100, imod, 1, Mode0::unsigned_bytes), PixelType::u8);
  Bytes file = edited({}, {.mode = 0});
  file.text[1024] = '\x80';
  file.text[1025] = '\x7f';
  const StackFile biased = StackFile::over(as_span(file.text), "a.mrc", {.mode0 = Mode0::imod});
  EXPECT_EQ(biased.info().type, PixelType::u8);
  EXPECT_EQ(read_values(biased)[0], 0);
  EXPECT_EQ(read_values(biased)[1], 255);
  EXPECT_EQ(attribute(biased.info(), "bytes"), "signed, holding value - 128, as asked for");
}

TEST(Mrc, ImodsFlagForTwoPixelsAByte) {
  const StackInfo info = info_of(edited({{39, 1146047817}, {40, 16}}, {.mode = 0}));
  EXPECT_EQ(info.encoding, Encoding::nibbles);
  EXPECT_EQ(info.extent, (Extent{8, 3}));
  EXPECT_EQ(info.count, 2);
}

TEST(Mrc, MissingAndWrongMarksAreAcceptedWithANotice) {
  for (const bool big : {false, true}) {
    const MrcShape shape{.big = big};
    const auto marked = [&](const std::string& map, const std::string& stamp) {
      Bytes file = mrc_file(shape);
      file.text.replace(208, 4, map);
      file.text.replace(212, 4, stamp);
      return file;
    };
    const std::string zeros(4, '\0'), good = mrc_file(shape).text.substr(212, 4);
    const std::string other = mrc_file({.big = !big}).text.substr(212, 4);
    const struct {
      Bytes file;
      std::size_t notices;
    } rows[] = {{marked("MAP ", good), 0},
                {marked("MAP ", zeros), 1},
                {marked(zeros, good), 1},
                {marked(zeros, zeros), 2},
                {marked(std::string("MAP\0", 4), good), 1},
                {marked("MAP ", "D   "), 1},
                {marked("MAP ", other), 1}};
    for (const auto& [file, notices] : rows) {
      const StackInfo info = info_of(file);
      EXPECT_EQ(info.order, big ? ByteOrder::big : ByteOrder::little);
      EXPECT_EQ(info.notices.size(), notices);
      const StackOptions strict{.strictness = Strictness::strict};
      if (notices == 0)
        EXPECT_NO_THROW(info_of(file, "a.mrc", strict));
      else
        test::expect_error(ErrorCode::bad_field, [&] { info_of(file, "a.mrc", strict); });
    }
  }
}

TEST(Mrc, WhereBothOrdersMakeSenseTheStampDecides) {
  // Mode 0 and no axes read alike in both orders; 256 and 65536 are each other's mirror.
  Bytes file = edited({{17, 0}, {18, 0}, {19, 0}}, {256, 256, 1, 0});
  file.word(3, 256);
  file.text.resize(1024 + 256 * 256 * 256);
  EXPECT_EQ(info_of(file).order, ByteOrder::little) << "as big-endian it would be far larger";
  file.text.resize(2000);
  EXPECT_EQ(test::expect_error(ErrorCode::truncated, [&] { info_of(file); }).field, "data");
  file.text.replace(212, 4, std::string(4, '\0'));
  const auto error = test::expect_error(ErrorCode::ambiguous, [&] { info_of(file); });
  EXPECT_EQ(error.offset, 212U);
}

TEST(Mrc, LabelsAndCountsOfThem) {
  Bytes file = edited({{56, 2}});
  file.text.replace(224, 5, "first");
  file.text.replace(304, 7, "a\nlabel");
  const StackInfo info = info_of(file);
  EXPECT_EQ(attribute(info, "label 1"), "first");
  EXPECT_EQ(attribute(info, "label 2"), "a\\x0alabel");
  EXPECT_EQ(attribute(info, "version"), "20141");
  EXPECT_EQ(attribute(info, "mode"), "2");
}

TEST(Mrc, IsKnownByItsBytes) {
  EXPECT_TRUE(is_mrc(as_span(mrc_file({}).text)));
  EXPECT_TRUE(is_mrc(as_span(mrc_file({.big = true}).text)));
  Bytes unmarked = mrc_file({});
  unmarked.text.replace(208, 8, std::string(8, '\0'));
  EXPECT_TRUE(is_mrc(as_span(unmarked.text)));
  unmarked.word(17, 9);
  EXPECT_FALSE(is_mrc(as_span(unmarked.text)));
  EXPECT_FALSE(is_mrc(as_span(mrc_file({}).text).first(1023)));
  EXPECT_FALSE(is_mrc(as_span(oracle::spider_file({}).text)));
  const std::string zeros(2000, '\0');
  EXPECT_FALSE(is_mrc(as_span(zeros)));
}

TEST(Mrc, GzipAndBzip2) {
  test::TemporaryFolder folder;
  const MrcShape shape{30, 20, 5};
  const std::string plain = mrc_file(shape).text;
  test::write_text(folder / "a.mrcs.gz",
                   test::gzip(plain.substr(0, 3000)) + test::gzip(plain.substr(3000)));
  test::write_text(folder / "a.mrcs.bz2", test::bzip2(plain));
  test::write_text(folder / "a.mrcs", plain);
  const auto expected = read_values(StackFile::open(folder / "a.mrcs"));
  for (const char* name : {"a.mrcs.gz", "a.mrcs.bz2"}) {
    const StackFile file = StackFile::open(folder / name);
    EXPECT_EQ(read_values(file), expected) << name;
    EXPECT_NE(file.compression(), Compression::none);
    EXPECT_EQ(file.unpacked_bytes(), plain.size());
    EXPECT_LT(file.stored_bytes(), plain.size());
  }
}

}  // namespace
}  // namespace quickbeam::io
