// SPDX-License-Identifier: BSD-3-Clause
// What encode_cbf writes is read back whole, by the reader here and by fabio where it is installed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/cbf.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam::io {
namespace {

using oracle::as_bytes;

FrameInfo full_info() {
  FrameInfo info;
  parse_mini_header(oracle::pilatus_text(), info);
  return info;
}

Payload byte_offset_payload(const std::string& data, PixelType type) {
  Payload payload;
  payload.encoding = Encoding::byte_offset;
  payload.type = type;
  payload.extent = {4, 3};
  payload.bytes = as_bytes(data);
  return payload;
}

/// 12 pixels that reach both ends of the type.
std::vector<std::int64_t> pixels_of(PixelType type) {
  return visit_type(type, [](auto tag) {
    using T = typename decltype(tag)::type;
    const auto lowest = static_cast<std::int64_t>(std::numeric_limits<T>::lowest());
    const auto highest = static_cast<std::int64_t>(std::min<std::uint64_t>(
        static_cast<std::uint64_t>(std::numeric_limits<T>::max()), std::uint64_t{1} << 62));
    return std::vector<std::int64_t>{0, 1, 5, 100, highest, highest - 1, 0, 3, lowest / 2, 0, 1, 2};
  });
}

constexpr PixelType integer_types[] = {PixelType::i8,  PixelType::u8,  PixelType::i16,
                                       PixelType::u16, PixelType::i32, PixelType::u32,
                                       PixelType::i64, PixelType::u64};

TEST(CbfWriter, StrictReaderGetsBackWhatWasWritten) {
  for (const PixelType type : integer_types)
    for (const CbfMd5 md5 : {CbfMd5::no, CbfMd5::yes}) {
      const std::string data = oracle::byte_offset_data(pixels_of(type));
      const Payload payload = byte_offset_payload(data, type);
      Buffer<std::byte> out;
      const auto bytes = encode_cbf(payload, full_info(), "frame 1", md5, out);
      const ImageFile file =
          parse_cbf(bytes, "a.cbf", {.strictness = Strictness::strict, .header_limit = 1 << 20});
      ASSERT_EQ(file.streams.size(), 1U);
      const Stream& stream = file.streams[0];
      EXPECT_EQ(stream.payload.type, type);
      EXPECT_EQ(stream.payload.extent, payload.extent);
      EXPECT_TRUE(std::equal(payload.bytes.begin(), payload.bytes.end(),
                             stream.payload.bytes.begin(), stream.payload.bytes.end()));
      EXPECT_EQ(stream.md5.empty(), md5 == CbfMd5::no);
      check_md5(stream, "a.cbf", "CBF");
      EXPECT_TRUE(file.info.notices.empty());
    }
}

TEST(CbfWriter, HeaderFactsSurvive) {
  const std::string data = oracle::byte_offset_data(pixels_of(PixelType::i32));
  Buffer<std::byte> out;
  const FrameInfo wrote = full_info();
  const auto bytes =
      encode_cbf(byte_offset_payload(data, PixelType::i32), wrote, "x", CbfMd5::no, out);
  const FrameInfo read = parse_cbf(bytes, "a.cbf").info;
  EXPECT_EQ(read.count_cutoff, wrote.count_cutoff);
  EXPECT_EQ(read.wavelength_angstrom, wrote.wavelength_angstrom);
  EXPECT_EQ(read.distance_mm, wrote.distance_mm);
  EXPECT_EQ(read.beam_x_px, wrote.beam_x_px);
  EXPECT_EQ(read.beam_y_px, wrote.beam_y_px);
  EXPECT_EQ(read.pixel_width_um, wrote.pixel_width_um);
  EXPECT_EQ(read.pixel_height_um, wrote.pixel_height_um);
  EXPECT_EQ(read.exposure_s, wrote.exposure_s);
  EXPECT_EQ(read.period_s, wrote.period_s);
  EXPECT_EQ(read.start_angle_deg, wrote.start_angle_deg);
  EXPECT_EQ(read.angle_increment_deg, wrote.angle_increment_deg);
  EXPECT_EQ(read.two_theta_deg, wrote.two_theta_deg);
  EXPECT_EQ(read.threshold_ev, wrote.threshold_ev);
  EXPECT_EQ(read.sensor_thickness_um, wrote.sensor_thickness_um);
  EXPECT_EQ(read.tau_s, wrote.tau_s);
  EXPECT_EQ(read.transmission, wrote.transmission);
  EXPECT_EQ(read.flux, wrote.flux);
  EXPECT_EQ(read.excluded_pixels, wrote.excluded_pixels);
  EXPECT_EQ(read.detector, wrote.detector);
  EXPECT_EQ(read.serial_number, wrote.serial_number);
  EXPECT_EQ(read.sensor_material, wrote.sensor_material);
  EXPECT_EQ(read.timestamp, wrote.timestamp);
  EXPECT_EQ(read.oscillation_axis, wrote.oscillation_axis);
  EXPECT_EQ(read.image_path, wrote.image_path);
}

TEST(CbfWriter, TextCannotBreakTheHeader) {
  FrameInfo info;
  info.detector = "evil\r\n;\r\n_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n";
  info.image_path = "a\n;b";
  const std::string data = oracle::byte_offset_data(pixels_of(PixelType::i32));
  Buffer<std::byte> out;
  const auto bytes =
      encode_cbf(byte_offset_payload(data, PixelType::i32), info, "a\nb c", CbfMd5::no, out);
  const ImageFile file = parse_cbf(bytes, "a.cbf");
  EXPECT_EQ(file.streams.size(), 1U);
  EXPECT_EQ(file.info.image_path, "a ;b");
}

TEST(CbfWriter, OnlyByteOffsetIntegers) {
  const std::string data(48, '\0');
  Buffer<std::byte> out;
  Payload payload = byte_offset_payload(data, PixelType::f32);
  EXPECT_THROW(encode_cbf(payload, {}, "x", CbfMd5::no, out), Error);
  payload = byte_offset_payload(data, PixelType::i32);
  payload.encoding = Encoding::raw;
  EXPECT_THROW(encode_cbf(payload, {}, "x", CbfMd5::no, out), Error);
}

/// fabio is what beamlines read CBF with.
TEST(CbfWriter, FabioReadsIt) {
  if (std::system("/usr/bin/python3 -c 'import fabio' >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "python3-fabio is not installed";
  const auto folder = std::filesystem::temp_directory_path() /
                      ("quickbeam_cbf_writer_test_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  // fabio's fast decoder has no 8-byte escapes, and its digest check reads too far when all data
  // are in the first block it reads: so no jump beyond 32 bits, and no tiny image.
  std::vector<std::int64_t> pixels(100 * 40);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::int64_t>(i * i % 1000) - 2;
  pixels[5] = 1046527;
  pixels[7] = -200000;
  pixels[9] = 2147483647;
  const std::string data = oracle::byte_offset_data(pixels);
  Buffer<std::byte> out;
  Payload payload = byte_offset_payload(data, PixelType::i32);
  payload.extent = {100, 40};
  const auto bytes = encode_cbf(payload, full_info(), "x", CbfMd5::yes, out);
  const auto path = folder / "a.cbf";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  std::string list;
  for (const auto pixel : pixels) list += std::to_string(pixel) + ",";
  const std::string script =
      "import fabio,logging,sys\n"
      "errors=[]\n"
      "h=logging.Handler()\n"
      "h.emit=lambda r: errors.append(r.getMessage())\n"
      "logging.getLogger('fabio').addHandler(h)\n"
      "logging.getLogger('fabio.cbfimage').addHandler(h)\n"
      "i=fabio.open(sys.argv[1])\n"
      "assert i.data.shape==(40,100) and i.data.dtype=='int32',(i.data.shape,i.data.dtype)\n"
      "assert i.data.ravel().tolist()==[" +
      list +
      "],i.data\n"
      "assert i.header['X-Binary-Size-Padding']=='4095',i.header\n"
      "assert i.pilatus_headers['Wavelength']==0.96859,i.pilatus_headers\n"
      "assert i.pilatus_headers['Detector_distance']==0.351,i.pilatus_headers\n"
      "assert i.pilatus_headers['Beam_xy']==(1261.61,1306.96),i.pilatus_headers\n"
      "assert not errors,errors\n";
  const auto program = folder / "check.py";
  std::ofstream(program) << script;
  const std::string command = "/usr/bin/python3 '" + program.string() + "' '" + path.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace quickbeam::io
