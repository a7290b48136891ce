// SPDX-License-Identifier: BSD-3-Clause
// Any readable file to any writable one.
#include <cstring>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>
#include <quickbeam/plan.hpp>

#include "host/src/backends.hpp"
#include "host/src/frame_file.hpp"
#include "host/src/numeric_output.hpp"
#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "io/picture.hpp"
#include "io/stack_writer.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

bool is_picture(std::string_view path) {
  return path.ends_with(".png") || path.ends_with(".jpg") || path.ends_with(".jpeg");
}

/// All images of a file as one array: 2-D for a single image, else 3-D.
std::vector<std::string> all_to_npy(FrameFile& file, const std::string& target,
                                    const ReadPolicy& policy) {
  const Payload first = file.frame(0);
  const std::int64_t frames = file.frames();
  const std::size_t bytes = static_cast<std::size_t>(first.extent.pixels()) * size_of(first.type);
  std::vector<std::string> notices;
  Buffer<std::byte> header, pixels(bytes);
  io::AtomicFile out(target);
  out.write(io::npy_header(first.type, first.extent, frames > 1 ? frames : 0, header));
  for (std::int64_t k = 0; k < frames; ++k) {
    file.release_frames();
    try {
      const Payload payload = file.frame(k);
      if (payload.extent != first.extent || payload.type != first.type)
        fail({.code = ErrorCode::inconsistent,
              .field = "images",
              .expected = "one size and type for a single array (or address one as N@file)",
              .found = "another size or type"});
      if (const auto wrapped = kernels::decode_all(payload, pixels.span())) {
        check_wrap(*wrapped, policy);
        notices.push_back(wrap_notice(*wrapped));
      }
    } catch (const Error& error) {
      throw file.located(error, k);
    }
    out.write(pixels.span());
  }
  out.commit();
  const auto& found = file.file().info.notices;
  notices.insert(notices.begin(), found.begin(), found.end());
  return notices;
}

/// What a stack with these images is: the target's name asks for a stack, or one volume stays one.
io::StackContents contents_of(const FrameFile& file, std::string_view target, std::int64_t count) {
  if (io::is_stack_name(target)) return io::StackContents::images;
  if (count == 1) return io::StackContents::image;
  const io::StackFile* const stack = file.stack();
  const bool is_volume = stack != nullptr && stack->info().volume_depth == count;
  return is_volume ? io::StackContents::volume : io::StackContents::images;
}

/// The types that MRC holds exactly; everything else as float32.
io::StoredAs stored_as(io::StackFormat format, PixelType type) {
  if (format == io::StackFormat::mrc && type == PixelType::i16) return io::StoredAs::int16;
  if (format == io::StackFormat::mrc && type == PixelType::u16) return io::StoredAs::uint16;
  return io::StoredAs::float32;
}

/// Images first .. first + count - 1, one at a time.
std::vector<std::string> write_stack(FrameFile& file, std::int64_t first, std::int64_t count,
                                     const std::string& target, const ReadPolicy& policy) {
  const Payload one = file.frame(first);
  const io::StackFormat format = io::stack_format_named(target);
  const FrameInfo& info = file.file().info;
  io::StackWriter out(target, {.format = format,
                               .extent = one.extent,
                               .contents = contents_of(file, target, count),
                               .stored = stored_as(format, one.type),
                               .pixel_size_angstrom = info.pixel_width_um.value_or(0) * 1e4,
                               .expected = count});
  std::vector<std::string> notices;
  Image pixels;
  for (std::int64_t k = 0; k < count; ++k) {
    file.release_frames();
    try {
      const Payload payload = file.frame(first + k);
      pixels.reshape(payload.type, payload.extent);
      const auto bytes = static_cast<std::size_t>(payload.extent.pixels()) * size_of(payload.type);
      if (const auto wrapped = kernels::decode_all(payload, {pixels.view().data, bytes})) {
        check_wrap(*wrapped, policy);
        notices.push_back(wrap_notice(*wrapped));
      }
    } catch (const Error& error) {
      throw file.located(error, first + k);
    }
    out.append(pixels.const_view());
  }
  out.finish();
  notices.insert(notices.begin(), info.notices.begin(), info.notices.end());
  return notices;
}

void write_picture(const LoadedImage& image, const std::string& target, const Recipe& recipe) {
  const Payload payload{.encoding = Encoding::raw,
                        .type = image.pixels.type(),
                        .extent = image.pixels.extent(),
                        .bytes = {image.pixels.const_view().data,
                                  static_cast<std::size_t>(image.pixels.extent().pixels()) *
                                      size_of(image.pixels.type())}};
  Plan plan(recipe, FrameLayout::of(payload, image.info), {.backend = &cpu_backend()}, nullptr);
  plan.reduce({&payload, 1});
  plan.render(plan.levels());
  Buffer<std::byte> bytes;
  const ImageView<const std::uint8_t> indices = plan.picture(0).as<std::uint8_t>();
  const io::Palette palette = make_palette(recipe.palette);
  io::write_file(target,
                 target.ends_with(".png")
                     ? io::encode_png(indices, palette, bytes)
                     : io::encode_jpeg(indices, palette, recipe.pictures[0].quality, bytes));
}

}  // namespace

std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ReadPolicy& policy) {
  if (target.ends_with(".npy") && !source.number) {
    FrameFile file;
    file.open(source.path, policy);
    return all_to_npy(file, target, policy);
  }
  if (io::is_stack_target(target)) {
    FrameFile file;
    file.open(source.path, policy);
    const std::int64_t first = source.number ? index_of(file, source) : 0;
    return write_stack(file, first, source.number ? 1 : file.frames(), target, policy);
  }
  const LoadedImage image = load_image(source, policy);
  if (target.ends_with(".cbf")) {
    save_cbf(target, image.pixels.const_view(), image.info);
  } else if (is_picture(target)) {
    write_picture(image, target, recipe);
  } else if (target.ends_with(".npy")) {
    Buffer<std::byte> out;
    io::write_file(target, encode_pixels(image.pixels.const_view(), target, 0, out));
  } else {
    fail({.code = ErrorCode::usage,
          .field = "target",
          .expected = "a name ending in .npy, .cbf, .mrc, .mrcs, .stk, .spi, .png or .jpeg",
          .found = target});
  }
  return image.info.notices;
}

}  // namespace quickbeam
