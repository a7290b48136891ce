// SPDX-License-Identifier: BSD-3-Clause
// Single images: addressed, read, written as CBF.
#include <quickbeam/files.hpp>

#include <filesystem>

#include <quickbeam/core/error.hpp>

#include "host/src/frame_file.hpp"
#include "host/src/image_output.hpp"
#include "host/src/image_set_state.hpp"
#include "io/atomic_file.hpp"
#include "io/cbf.hpp"
#include "io/image_name.hpp"
#include "kernels/byte_offset.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

[[noreturn]] void fail_without_number(const std::string& path, std::int64_t images) {
  fail({.code = ErrorCode::usage,
        .path = path,
        .field = "images",
        .expected = "N@" + path + " with N from 1 to " + std::to_string(images),
        .found = "no number"});
}

/// The N-th image of a set, from the stack it is in; ImageSet says which one that is.
LoadedImage load_particle(const ImageAddress& address, const ImageSetOptions& options) {
  const std::string input =
      address.number ? std::to_string(*address.number) + "@" + address.path : address.path;
  const ImageSet set = ImageSet::open({&input, 1}, options);
  if (set.positions() != 1) fail_without_number(address.path, set.positions());
  const SetFile& file = set.state().files[set.state().file_of(0)];
  LoadedImage image = load_image({file.path, set.state().image(0).number}, options.read);
  image.info.notices.insert(image.info.notices.begin(), set.notices().begin(), set.notices().end());
  return image;
}

}  // namespace

void fail_beyond(const std::string& path, std::int64_t images, std::int64_t number) {
  fail({.code = ErrorCode::inconsistent,
        .path = path,
        .field = "images",
        .expected = "a number from 1 to " + std::to_string(images),
        .found = std::to_string(number)});
}

ImageAddress parse_address(std::string_view text) {
  std::error_code ignored;
  if (text.find('@') == text.npos || std::filesystem::exists(std::string(text), ignored))
    return {std::string(text), {}};
  const auto name = io::parse_image_name(text);
  if (!name)
    fail({.code = ErrorCode::bad_field,
          .path = std::string(text),
          .field = "image number",
          .expected = "N@file with N from 1 on",
          .found = std::string(text.substr(0, text.find('@')))});
  return {std::string(name->file), name->number};
}

std::int64_t index_of(const FrameFile& file, const ImageAddress& address) {
  if (!address.number && file.frames() != 1) fail_without_number(file.path(), file.frames());
  const std::int64_t number = address.number.value_or(1);
  if (number > file.frames()) fail_beyond(file.path(), file.frames(), number);
  return number - 1;
}

LoadedImage load_frame(FrameFile& file, const ImageAddress& address, const ReadPolicy& policy) {
  const std::int64_t index = index_of(file, address);
  file.release_frames();
  try {
    const Payload payload = file.frame(index);
    LoadedImage loaded{.pixels = Image(payload.type, payload.extent),
                       .info = file.file().info,
                       .attributes = file.file().attributes};
    if (file.stack() != nullptr)
      loaded.pixel_size_angstrom = file.stack()->info().pixel_size_angstrom;
    const auto bytes = static_cast<std::size_t>(payload.extent.pixels()) * size_of(payload.type);
    const auto wrapped = kernels::decode_all(payload, {loaded.pixels.view().data, bytes});
    if (wrapped) {
      check_wrap(*wrapped, policy);
      loaded.info.notices.push_back(wrap_notice(*wrapped));
    }
    return loaded;
  } catch (const Error& error) {
    throw file.located(error, index);
  }
}

LoadedImage load_image(const ImageAddress& address, const ReadPolicy& policy) {
  return load_image(address, ImageSetOptions{.read = policy});
}

LoadedImage load_image(const ImageAddress& address, const ImageSetOptions& options) {
  if (is_set(address.path)) return load_particle(address, options);
  FrameFile file;
  file.open(address.path, options.read);
  return load_frame(file, address, options.read);
}

void save_cbf(const std::string& path, ConstAnyView pixels, const FrameInfo& info, Digest digest) {
  if (is_floating(pixels.type))
    fail({.code = ErrorCode::unsupported,
          .path = path,
          .format = "CBF",
          .field = "element type",
          .expected = "integers for x-CBF_BYTE_OFFSET",
          .found = std::string(name_of(pixels.type))});
  Buffer<std::byte> encoded, whole;
  const auto count = static_cast<std::size_t>(pixels.extent.pixels());
  visit(pixels, [&](auto view) {
    using T = std::remove_cvref_t<decltype(view(0, 0))>;
    if constexpr (std::is_integral_v<T>)
      kernels::encode_byte_offset<T>(std::span<const T>(view.data, count), encoded);
  });
  const Payload payload{.encoding = Encoding::byte_offset,
                        .type = pixels.type,
                        .extent = pixels.extent,
                        .bytes = encoded.span()};
  const std::string name = std::filesystem::path(path).stem().string();
  io::write_file(path,
                 io::encode_cbf(payload, info, name,
                                digest == Digest::md5 ? io::CbfMd5::yes : io::CbfMd5::no, whole));
}

}  // namespace quickbeam
