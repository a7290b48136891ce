// SPDX-License-Identifier: BSD-3-Clause
// Any readable file to any writable one.
#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"
#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "io/stack_writer.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

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
io::StackContents contents_of(const FrameFile& file, std::string_view target,
                              StackReading reading) {
  if (io::is_stack_name(target)) return io::StackContents::images;
  const std::int64_t count = file.frames();
  if (count == 1) return io::StackContents::image;
  const io::StackFile* const stack = file.stack();
  const bool is_volume =
      stack != nullptr ? stack->info().volume_depth == count : reading == StackReading::volume;
  return is_volume ? io::StackContents::volume : io::StackContents::images;
}

/// Sections of several volumes become images: the formats we write hold one volume a file.
std::optional<std::string> volumes_notice(const FrameFile& file) {
  const io::StackFile* const stack = file.stack();
  if (stack == nullptr || !stack->info().is_volume()) return std::nullopt;
  const std::int64_t depth = stack->info().volume_depth, volumes = file.frames() / depth;
  if (volumes == 1) return std::nullopt;
  return std::to_string(volumes) + " volumes of " + std::to_string(depth) +
         " sections are written as a stack of " + std::to_string(file.frames()) + " images";
}

/// --volume where there is none to be read or written.
void check_volume(const ImageAddress& source, const ImageAddress& target) {
  const auto refuse = [](const std::string& path, const char* expected, const char* found) {
    fail({.code = ErrorCode::usage,
          .path = path,
          .field = "--volume",
          .expected = expected,
          .found = found});
  };
  if (source.number) refuse(source.path, "a whole file", "N@, which is an image");
  if (is_set(source.path)) refuse(source.path, "a volume", "a set, whose images are images");
  const bool holds_volumes = target.path.ends_with(".npy") ||
                             (io::is_stack_target(target.path) && !io::is_stack_name(target.path));
  if (target.number || !holds_volumes)
    refuse(target.path, "a target that holds a volume: .mrc, .map, .spi, .vol or .npy",
           "one that holds images");
}

bool is_set_target(std::string_view path) {
  return path.ends_with(".star") || path.ends_with(".xmd");
}

/// All images, one at a time.
std::vector<std::string> write_stack(FrameFile& file, const std::string& target,
                                     const ReadPolicy& policy) {
  const std::int64_t count = file.frames();
  const Payload one = file.frame(0);
  const io::StackFormat format = io::stack_format_named(target);
  const FrameInfo& info = file.file().info;
  io::StackWriter out(target, {.format = format,
                               .extent = one.extent,
                               .contents = contents_of(file, target, policy.reading),
                               .stored = stored_as(format, one.type),
                               .pixel_size_angstrom = info.pixel_width_um.value_or(0) * 1e4,
                               .expected = count});
  std::vector<std::string> notices;
  Image pixels;
  for (std::int64_t k = 0; k < count; ++k) {
    file.release_frames();
    try {
      const Payload payload = file.frame(k);
      pixels.reshape(payload.type, payload.extent);
      const auto bytes = static_cast<std::size_t>(payload.extent.pixels()) * size_of(payload.type);
      if (const auto wrapped = kernels::decode_all(payload, {pixels.view().data, bytes})) {
        check_wrap(*wrapped, policy);
        notices.push_back(wrap_notice(*wrapped));
      }
    } catch (const Error& error) {
      throw file.located(error, k);
    }
    out.append(pixels.const_view());
  }
  out.finish();
  if (auto notice = volumes_notice(file)) notices.push_back(*std::move(notice));
  notices.insert(notices.begin(), info.notices.begin(), info.notices.end());
  return notices;
}

}  // namespace

std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ReadPolicy& policy) {
  return convert_file(source, target, recipe, ImageSetOptions{.read = policy});
}

std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ImageSetOptions& options) {
  const ImageAddress to = parse_address(target);
  if (options.read.reading == StackReading::volume) check_volume(source, to);
  const bool one = source.number || to.number;
  const bool to_set = !to.number && is_set_target(target);
  const bool to_many = !one && (target.ends_with(".npy") || io::is_stack_target(target));
  if (to_set && !source.number) return convert_set(source.path, target, options);
  if (to_set) fail_target(target);
  if (to_many && is_set(source.path)) return gather_set(source.path, target, options);
  if (to_many) {
    FrameFile file;
    file.open(source.path, options.read);
    return target.ends_with(".npy") ? all_to_npy(file, target, options.read)
                                    : write_stack(file, target, options.read);
  }
  const LoadedImage image = load_image(source, options);
  std::vector<std::string> notices = save_image(to, image, recipe);
  notices.insert(notices.begin(), image.info.notices.begin(), image.info.notices.end());
  return notices;
}

}  // namespace quickbeam
