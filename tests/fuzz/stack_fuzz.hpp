// SPDX-License-Identifier: BSD-3-Clause
// What the fuzz targets of the stack formats do with their input.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "io/image_file.hpp"
#include "io/stack_file.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// Reads and decodes all images that the header promises; the promise was checked, so this takes
/// little more memory than the input (4-bit pixels grow eightfold).
inline void check_stack(const io::StackFile& file, std::uint64_t size) {
  const io::StackInfo& info = file.info();
  require(info.count > 0 && !info.extent.empty() && info.volume_depth > 0);
  require(info.notices.size() <= 128 && info.attributes.size() < 64);
  const io::StackLayout& layout = info.layout;
  __extension__ using Wide = unsigned __int128;
  require(static_cast<Wide>(info.count) * layout.image_bytes <= size);
  require(layout.offset_of(info.count - 1) + layout.image_bytes <= size);
  require(stored_image_bytes(info.encoding, info.type, info.extent) == layout.image_bytes);
  std::vector<std::byte> stored(static_cast<std::size_t>(info.count) * layout.image_bytes);
  try {
    file.read(0, info.count, stored);
  } catch (const Error& error) {  // the header of a later Spider image
    require(error.code() == ErrorCode::inconsistent && error.info().offset.value_or(size) < size);
    return;
  }
  std::vector<std::byte> one(layout.image_bytes);
  file.read(info.count - 1, 1, one);
  require(std::equal(one.begin(), one.end(), stored.end() - std::ssize(one)));
  std::vector<std::byte> pixels(static_cast<std::size_t>(info.extent.pixels() * info.count) *
                                size_of(info.type));
  kernels::decode_all(file.payload(stored, info.count), pixels);
  require(file.extended_header().size() == info.extended_bytes);
}

/// In every way that a stack can be opened.
inline void check_openings(std::span<const std::byte> bytes, const std::string& path,
                           io::StackOptions options) {
  for (const auto cut : {io::Cut::refuse, io::Cut::keep_whole}) {
    bool accepted = false;
    options.cut = cut;
    for (const auto strictness : {io::Strictness::strict, io::Strictness::lenient}) try {
        options.strictness = strictness;
        check_stack(io::StackFile::over(bytes, path, options), bytes.size());
        accepted = true;
      } catch (const Error& error) {
        // Lenient accepts all that strict accepts.
        require(strictness == io::Strictness::strict || !accepted);
        require(error.info().path == path && error.info().offset.value_or(0) <= bytes.size());
      }
  }
}

inline void fuzz_stack(const std::uint8_t* data, std::size_t size, const std::string& path) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  check_openings(bytes, path, {});
  check_openings(bytes, path, {.reading = StackReading::volume, .unit = io::ImageUnit::volume});
  try {
    const io::ImageFile file = io::parse_image_file(bytes, path);
    for (const auto& stream : file.streams) {
      require(stream.offset <= size && stream.payload.bytes.size() <= size - stream.offset);
      require(stream.payload.bytes.data() == bytes.data() + stream.offset);
    }
  } catch (const Error&) {
  }
}

}  // namespace quickbeam
