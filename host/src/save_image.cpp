// SPDX-License-Identifier: BSD-3-Clause
// One image written in any format, or into its place in a stack.
#include <filesystem>

#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>
#include <quickbeam/plan.hpp>

#include "host/src/backends.hpp"
#include "host/src/image_output.hpp"
#include "host/src/numeric_output.hpp"
#include "io/atomic_file.hpp"
#include "io/picture.hpp"
#include "io/stack_writer.hpp"

namespace quickbeam {
namespace {

/// Integers of a density map may be negative, which in the engine means masked: so all as doubles.
Image as_doubles(ConstAnyView pixels) {
  Image image(PixelType::f64, pixels.extent);
  visit(pixels, [&](auto view) {
    for (std::int64_t y = 0; y < view.extent.height; ++y)
      std::transform(view.row(y), view.row(y) + view.extent.width, image.as<double>().row(y),
                     [](auto v) { return static_cast<double>(v); });
  });
  return image;
}

void write_picture(const std::string& target, ConstAnyView pixels, const FrameInfo& info,
                   const Recipe& recipe) {
  const auto bytes = static_cast<std::size_t>(pixels.extent.pixels()) * size_of(pixels.type);
  const Payload payload{.encoding = Encoding::raw,
                        .type = pixels.type,
                        .extent = pixels.extent,
                        .bytes = {pixels.data, bytes}};
  Plan plan(recipe, FrameLayout::of(payload, info), {.backend = &cpu_backend()}, nullptr);
  plan.reduce({&payload, 1});
  plan.render(plan.levels());
  Buffer<std::byte> out;
  const ImageView<const std::uint8_t> indices = plan.picture(0).as<std::uint8_t>();
  const io::Palette palette = make_palette(recipe.palette);
  io::write_file(target, target.ends_with(".png")
                             ? io::encode_png(indices, palette, out)
                             : io::encode_jpeg(indices, palette, recipe.pictures[0].quality, out));
}

io::StackSpec spec_of(const std::string& path, const LoadedImage& image, io::StackContents what) {
  const io::StackFormat format = io::stack_format_named(path);
  return {.format = format,
          .extent = image.pixels.extent(),
          .contents = what,
          .stored = stored_as(format, image.pixels.type()),
          .pixel_size_angstrom = angstrom_of(image),
          .expected = 1};
}

std::vector<std::string> put(io::StackWriter writer, std::int64_t index, ConstAnyView pixels) {
  writer.put(index, pixels);
  return clipped_notice(writer.finish().clipped);
}

/// Image N of a stack that is there, or the first of a new one.
std::vector<std::string> put_into_stack(const std::string& path, std::int64_t number,
                                        const LoadedImage& image) {
  const io::StackSpec spec = spec_of(path, image, io::StackContents::images);
  std::error_code ignored;
  const bool is_new = !std::filesystem::exists(path, ignored);
  std::int64_t count = 0;
  if (!is_new) {
    io::StackWriter writer = io::StackWriter::update(path);
    count = writer.count();
    if (number <= count + 1) return put(std::move(writer), number - 1, image.pixels.const_view());
  } else if (number == 1) {
    return put(io::StackWriter(path, spec), 0, image.pixels.const_view());
  }
  fail({.code = ErrorCode::inconsistent,
        .path = path,
        .field = "image number",
        .expected = count == 0 ? "1, for there is no such file"
                               : "1 to " + std::to_string(count + 1) + " (which appends)",
        .found = std::to_string(number)});
}

}  // namespace

bool is_picture_name(std::string_view path) {
  return path.ends_with(".png") || path.ends_with(".jpg") || path.ends_with(".jpeg");
}

io::StoredAs stored_as(io::StackFormat format, PixelType type) {
  if (format == io::StackFormat::mrc && type == PixelType::i16) return io::StoredAs::int16;
  if (format == io::StackFormat::mrc && type == PixelType::u16) return io::StoredAs::uint16;
  return io::StoredAs::float32;
}

double angstrom_of(const LoadedImage& image) {
  return image.pixel_size_angstrom.value_or(image.info.pixel_width_um.value_or(0) * 1e4);
}

std::vector<std::string> clipped_notice(std::uint64_t clipped) {
  if (clipped == 0) return {};
  return {std::to_string(clipped) +
          " pixels are outside the type of the stack and were set to its ends"};
}

void fail_target(const std::string& target) {
  fail({.code = ErrorCode::usage,
        .field = "target",
        .expected = "a name ending in .npy, .cbf, .mrc, .mrcs, .stk, .spi, .png, .jpeg, .star or "
                    ".xmd; or N@ and the name of a stack",
        .found = target});
}

std::vector<std::string> save_image(const ImageAddress& target, const LoadedImage& image,
                                    const Recipe& recipe) {
  const std::string& path = target.path;
  const ConstAnyView pixels = image.pixels.const_view();
  if (target.number) return put_into_stack(path, *target.number, image);
  if (io::is_stack_target(path)) {
    const auto contents =
        io::is_stack_name(path) ? io::StackContents::images : io::StackContents::image;
    return put(io::StackWriter(path, spec_of(path, image, contents)), 0, pixels);
  }
  if (path.ends_with(".cbf")) {
    save_cbf(path, pixels, image.info);
  } else if (is_picture_name(path)) {
    if (image.info.mask.negatives)
      write_picture(path, pixels, image.info, recipe);
    else
      write_picture(path, as_doubles(pixels).const_view(), image.info, recipe);
  } else if (path.ends_with(".npy")) {
    Buffer<std::byte> out;
    io::write_file(path, encode_pixels(pixels, path, 0, out));
  } else {
    fail_target(path);
  }
  return {};
}

}  // namespace quickbeam
