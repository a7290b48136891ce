// SPDX-License-Identifier: BSD-3-Clause
// JPEG by libjpeg-turbo, written into memory.
#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE and does not include it
#include <new>
#include <string>

#include <jpeglib.h>

#include <quickbeam/core/error.hpp>

#include "io/check_extent.hpp"
#include "io/picture.hpp"

namespace quickbeam::io {

namespace {

constexpr std::int64_t longest_side = JPEG_MAX_DIMENSION;
constexpr bool is_grey(Rgb c) { return c.r == c.g && c.g == c.b; }

/// True when every colour the picture shows is a grey.
bool shows_only_grey(ImageView<const std::uint8_t> indices, const Palette& palette) {
  if (std::ranges::all_of(palette, is_grey)) return true;
  std::array<bool, 256> used{};
  for (std::int64_t y = 0; y < indices.extent.height; ++y)
    for (std::int64_t x = 0; x < indices.extent.width; ++x) used[indices(x, y)] = true;
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i] && !is_grey(palette[i])) return false;
  return true;
}

/// Everything the encoder's callbacks reach. C frames lie between them and us, so nothing may be
/// thrown there.
struct Job {
  jpeg_error_mgr errors{};
  jpeg_destination_mgr destination{};
  std::jmp_buf on_error{};
  char message[JMSG_LENGTH_MAX] = "";
  ImageView<const std::uint8_t> indices;
  const Palette& palette;
  int quality;
  bool grey;
  Buffer<std::byte>& row;
  Buffer<std::byte>& out;

  Job(ImageView<const std::uint8_t> i, const Palette& p, int q, bool g, Buffer<std::byte>& r,
      Buffer<std::byte>& o)
      : indices(i), palette(p), quality(q), grey(g), row(r), out(o) {}
};

Job& job_of(jpeg_common_struct* jpeg) { return *static_cast<Job*>(jpeg->client_data); }

[[noreturn]] void leave(j_common_ptr jpeg) {
  Job& job = job_of(jpeg);
  jpeg->err->format_message(jpeg, job.message);
  std::longjmp(job.on_error, 1);
}

void stay_silent(j_common_ptr, int) {}

void offer(Job& job, std::size_t used) {
  job.destination.next_output_byte = reinterpret_cast<JOCTET*>(job.out.data()) + used;
  job.destination.free_in_buffer = job.out.size() - used;
}

void begin_output(j_compress_ptr jpeg) { offer(*static_cast<Job*>(jpeg->client_data), 0); }

/// Called when the buffer is full to its last byte.
boolean more_output(j_compress_ptr jpeg) {
  Job& job = *static_cast<Job*>(jpeg->client_data);
  const std::size_t used = job.out.size();
  bool grown = true;
  try {
    job.out.grow(2 * used);
  } catch (const std::bad_alloc&) {
    grown = false;
  }
  if (!grown) {
    std::snprintf(job.message, sizeof job.message, "out of memory");
    std::longjmp(job.on_error, 1);
  }
  offer(job, used);
  return TRUE;
}

void end_output(j_compress_ptr) {}

void write_rows(jpeg_compress_struct& jpeg, const Job& job) {
  std::array<JSAMPLE, 256> grey{};
  std::array<std::array<JSAMPLE, 4>, 256> colour{};  // 4 bytes a pixel: one store each
  for (std::size_t i = 0; i < 256; ++i) {
    const Rgb c = job.palette[i];
    grey[i] = c.r;
    colour[i] = {c.r, c.g, c.b, 0};
  }
  auto* const row = reinterpret_cast<JSAMPLE*>(job.row.data());
  for (std::int64_t y = 0; y < job.indices.extent.height; ++y) {
    const std::uint8_t* const from = job.indices.row(y);
    const auto width = static_cast<std::size_t>(job.indices.extent.width);
    if (job.grey)
      for (std::size_t x = 0; x < width; ++x) row[x] = grey[from[x]];
    else
      for (std::size_t x = 0; x < width; ++x) std::copy_n(colour[from[x]].data(), 4, row + 4 * x);
    JSAMPROW rows[] = {row};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
}

void configure(jpeg_compress_struct& jpeg, const Job& job) {
  jpeg.image_width = static_cast<JDIMENSION>(job.indices.extent.width);
  jpeg.image_height = static_cast<JDIMENSION>(job.indices.extent.height);
  jpeg.in_color_space = job.grey ? JCS_GRAYSCALE : JCS_EXT_RGBX;
  jpeg.input_components = job.grey ? 1 : 4;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, job.quality, TRUE);
  // Spots are one pixel wide: halving the colour resolution would smear them (4:4:4).
  for (int i = 0; i < jpeg.num_components; ++i)
    jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
}

/// False when libjpeg jumped here; then `job.message` says why. Holds no object with a destructor,
/// because the jump would skip it.
bool encode(Job& job, std::size_t& used) {
  jpeg_compress_struct jpeg{};
  jpeg.err = jpeg_std_error(&job.errors);
  job.errors.error_exit = leave;
  job.errors.emit_message = stay_silent;
  jpeg.client_data = &job;
  if (setjmp(job.on_error) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  job.destination = {nullptr, 0, begin_output, more_output, end_output};
  jpeg.dest = &job.destination;
  configure(jpeg, job);
  jpeg_start_compress(&jpeg, TRUE);
  write_rows(jpeg, job);
  jpeg_finish_compress(&jpeg);
  used = job.out.size() - job.destination.free_in_buffer;
  jpeg_destroy_compress(&jpeg);
  return true;
}

}  // namespace

std::span<const std::byte> encode_jpeg(ImageView<const std::uint8_t> indices,
                                       const Palette& palette, int quality,
                                       Buffer<std::byte>& out) {
  check_extent(indices.extent, longest_side, "JPEG");
  if (quality < 1 || quality > 100)
    fail({.code = ErrorCode::usage,
          .format = "JPEG",
          .field = "quality",
          .expected = "1 to 100",
          .found = std::to_string(quality)});
  out.resize(std::max<std::size_t>(out.capacity(), 4096));
  Buffer<std::byte> row(static_cast<std::size_t>(indices.extent.width) * 4);
  Job job(indices, palette, quality, shows_only_grey(indices, palette), row, out);
  std::size_t used = 0;
  if (!encode(job, used))
    fail({.code = ErrorCode::limit, .format = "JPEG", .field = "encoder", .found = job.message});
  return out.resize(used);
}

}  // namespace quickbeam::io
