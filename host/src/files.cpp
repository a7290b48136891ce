// SPDX-License-Identifier: BSD-3-Clause
// Single files: described, read, written.
#include <quickbeam/files.hpp>

#include <filesystem>

#include <quickbeam/core/error.hpp>

#include "host/src/frame_file.hpp"
#include "io/atomic_file.hpp"
#include "io/cbf.hpp"
#include "io/image_name.hpp"
#include "kernels/byte_offset.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

std::string_view name_of(io::Compression compression) {
  constexpr std::string_view names[] = {"none", "gzip", "bzip2"};
  return names[static_cast<std::size_t>(compression)];
}

StreamDescription describe(const io::Stream& stream) {
  const Payload& p = stream.payload;
  const std::uint64_t bytes =
      is_plain(p.encoding)
          ? stored_image_bytes(p.encoding, p.type, p.extent) * static_cast<std::uint64_t>(p.depth)
          : p.bytes.size();
  return {p.encoding, p.type, p.extent, p.depth, stream.offset, bytes, !stream.md5.empty()};
}

std::int64_t only_image(const FrameFile& file) {
  if (file.frames() == 1) return 0;
  fail({.code = ErrorCode::usage,
        .path = file.path(),
        .field = "images",
        .expected = "N@" + file.path() + " with N from 1 to " + std::to_string(file.frames()),
        .found = "no number"});
}

}  // namespace

FileDescription describe_file(const std::string& path, const ReadPolicy& policy) {
  FrameFile file;
  file.open(path, policy);
  FileDescription d{.format = file.file().format,
                    .compression = std::string(name_of(file.compression())),
                    .stored_bytes = file.stored_bytes(),
                    .unpacked_bytes = file.unpacked_bytes(),
                    .header = file.file().header,
                    .attributes = file.file().attributes,
                    .info = file.file().info,
                    .streams = {},
                    .frames = file.frames()};
  for (const auto& stream : file.file().streams) d.streams.push_back(describe(stream));
  return d;
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
  if (!address.number) return only_image(file);
  if (*address.number <= file.frames()) return *address.number - 1;
  fail({.code = ErrorCode::inconsistent,
        .path = file.path(),
        .field = "images",
        .expected = "a number from 1 to " + std::to_string(file.frames()),
        .found = std::to_string(*address.number)});
}

LoadedImage load_image(const ImageAddress& address, const ReadPolicy& policy) {
  FrameFile file;
  file.open(address.path, policy);
  const std::int64_t index = index_of(file, address);
  try {
    const Payload payload = file.frame(index);
    LoadedImage loaded{Image(payload.type, payload.extent), file.file().info};
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
