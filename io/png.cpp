// SPDX-License-Identifier: BSD-3-Clause
// PNG by libpng: 8-bit palette, written into memory.
#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <limits>
#include <new>

#include <png.h>
#include <zlib.h>

#include <quickbeam/core/error.hpp>

#include "io/check_extent.hpp"
#include "io/picture.hpp"

namespace quickbeam::io {

namespace {

static_assert(sizeof(Rgb) == sizeof(png_color));

/// What libpng's callbacks reach. C frames lie between them and us, so nothing may be thrown there.
struct Job {
  ImageView<const std::uint8_t> indices;
  const Palette& palette;
  Buffer<std::byte>& out;
  std::size_t used = 0;
  char message[128] = "";
};

void append(png_structp png, png_bytep bytes, png_size_t count) {
  auto& job = *static_cast<Job*>(png_get_io_ptr(png));
  const std::size_t needed = job.used + count;
  bool fits = needed <= job.out.size();
  if (!fits) try {
      job.out.grow(std::max(needed, 2 * job.out.size()));
      fits = true;
    } catch (const std::bad_alloc&) {
    }
  if (!fits) png_error(png, "out of memory");
  std::memcpy(job.out.data() + job.used, bytes, count);
  job.used = needed;
}

void note_error(png_structp png, png_const_charp text) {
  auto& job = *static_cast<Job*>(png_get_error_ptr(png));
  std::strncpy(job.message, text, sizeof job.message - 1);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void write_picture(png_structp png, png_infop info, const Job& job) {
  // The picture is small and its noise compresses no better with more effort: see
  // docs/decisions on PNG settings.
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  png_set_compression_level(png, 1);
  png_set_compression_strategy(png, Z_RLE);
  png_set_compression_buffer_size(png, std::size_t{1} << 16);
  const auto width = static_cast<png_uint_32>(job.indices.extent.width);
  const auto height = static_cast<png_uint_32>(job.indices.extent.height);
  png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_PLTE(png, info, reinterpret_cast<png_const_colorp>(job.palette.data()), 256);
  png_write_info(png, info);
  for (std::int64_t y = 0; y < job.indices.extent.height; ++y)
    png_write_row(png, job.indices.row(y));
  png_write_end(png, nullptr);
}

/// False when libpng jumped here; then `job.message` says why. Holds no object with a destructor,
/// because the jump would skip it.
bool encode(Job& job) {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, note_error, ignore_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr) {
    png_destroy_write_struct(&png, nullptr);
    return false;
  }
  if (setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(png, &job, append, nullptr);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  write_picture(png, info, job);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

std::span<const std::byte> encode_png(ImageView<const std::uint8_t> indices, const Palette& palette,
                                      Buffer<std::byte>& out) {
  check_extent(indices.extent, std::numeric_limits<std::int32_t>::max(), "PNG");
  out.resize(std::max<std::size_t>(out.capacity(), 4096));
  Job job{indices, palette, out};
  if (!encode(job))
    fail({.code = ErrorCode::limit,
          .format = "PNG",
          .field = "encoder",
          .found = job.message[0] != '\0' ? job.message : "out of memory"});
  return out.resize(job.used);
}

}  // namespace quickbeam::io
