// SPDX-License-Identifier: BSD-3-Clause
// Images by their location.
#include <quickbeam/image_handler.hpp>

#include <sys/stat.h>

#include <array>
#include <cstring>

#include "host/src/frame_file.hpp"
#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"

namespace quickbeam {
namespace {

/// What changes when a file does.
using FileIdentity = std::array<std::int64_t, 5>;

FileIdentity identity_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {static_cast<std::int64_t>(facts.st_dev), static_cast<std::int64_t>(facts.st_ino),
          facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

/// One image of what a description of a whole file says.
void describe_streams(const FileDescription& file, ImageDescription& d) {
  if (file.streams.empty()) return;
  d.extent = file.streams.front().extent;
  d.type = file.streams.front().type;
}

/// Of a set, where its groups agree.
void describe_groups(const FileDescription& file, ImageDescription& d) {
  for (const SetGroup& group : file.groups) {
    if (!group.image_size) return;
    if (!d.extent.empty() && d.extent != *group.image_size) {
      d.extent = {};
      return;
    }
    d.extent = *group.image_size;
  }
}

}  // namespace

struct ImageHandler::State {
  ImageSetOptions options;
  FrameFile file;
  FileIdentity identity{};  ///< of what is open; all 0 = nothing

  void forget() { identity = {}; }
};

ImageHandler::ImageHandler(const ImageSetOptions& options) : state_(std::make_unique<State>()) {
  state_->options = options;
}
ImageHandler::~ImageHandler() = default;
ImageHandler::ImageHandler(ImageHandler&&) noexcept = default;
ImageHandler& ImageHandler::operator=(ImageHandler&&) noexcept = default;

LoadedImage ImageHandler::read(std::string_view location) {
  const ImageAddress address = parse_address(location);
  State& state = *state_;
  const FileIdentity now = identity_of(address.path);
  const bool is_open =
      now != FileIdentity{} && now == state.identity && state.file.path() == address.path;
  if (!is_open) {
    if (is_set(address.path)) return load_image(address, state.options);
    state.forget();
    state.file.open(address.path, state.options.read);
    state.identity = now;
  }
  return load_frame(state.file, address, state.options.read);
}

std::vector<std::string> ImageHandler::write(ConstAnyView image, std::string_view location,
                                             std::optional<double> sampling_rate_angstrom) {
  LoadedImage copy{.pixels = Image(image.type, image.extent),
                   .pixel_size_angstrom = sampling_rate_angstrom};
  copy.info.mask = {.negatives = false, .top_values = false};
  const auto row_bytes = static_cast<std::size_t>(image.extent.width) * size_of(image.type);
  for (std::int64_t y = 0; y < image.extent.height; ++y)
    std::memcpy(copy.pixels.view().data + static_cast<std::size_t>(y) * row_bytes,
                image.data + y * image.pitch_bytes, row_bytes);
  return write(copy, location);
}

std::vector<std::string> ImageHandler::write(const LoadedImage& image, std::string_view location) {
  state_->forget();
  return save_image(parse_address(location), image, picture_recipe(image));
}

ImageDescription ImageHandler::describe(std::string_view location, Statistics statistics) {
  const ImageAddress address = parse_address(location);
  const FileDescription file = describe_file(address.path, state_->options);
  if (address.number && *address.number > file.frames)
    fail_beyond(address.path, file.frames, *address.number);
  ImageDescription d{.format = file.format,
                     .frames = file.frames,
                     .volume_depth = file.volume_depth,
                     .sampling_rate_angstrom = file.pixel_size_angstrom,
                     .claimed = file.claimed,
                     .attributes = file.attributes};
  describe_streams(file, d);
  describe_groups(file, d);
  if (statistics == Statistics::measured)
    d.measured = measure_pixels(std::string(location), state_->options);
  return d;
}

std::vector<std::string> ImageHandler::convert(std::string_view source, const std::string& target) {
  const ImageAddress address = parse_address(source);
  state_->forget();
  const Recipe recipe =
      is_picture_name(target) ? picture_recipe(address, state_->options) : preset("standard");
  return convert_file(address, target, recipe, state_->options);
}

}  // namespace quickbeam
