// SPDX-License-Identifier: BSD-3-Clause
// What a stack to be written is: format, size, type, and where its images will lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/payload.hpp>

#include "io/stack_file.hpp"

namespace quickbeam::io {

enum class StackFormat : std::uint8_t { mrc, spider };

/// MRC: .mrc, .mrcs, .map, .st; Spider: .spi, .stk, .spider, .xmp, .vol. Throws Error USAGE.
StackFormat stack_format_named(std::string_view path);

/// Whether stack_format_named knows the name.
bool is_stack_target(std::string_view path);

/// The names that ask for a stack even of one image: .mrcs, .st and .stk.
bool is_stack_name(std::string_view path);

std::string_view name_of(StackFormat format);

enum class StackContents : std::uint8_t {
  images,  ///< a stack: MRC with ISPG 0 and MZ 1, Spider with ISTACK 2
  image,   ///< exactly one: MRC as a stack of one, Spider as a plain image
  volume,  ///< the images are its sections: MRC with ISPG 1, Spider with IFORM 3
};

/// How pixels are stored. MRC: float32 (mode 2), int8 and uint8 (0, told apart by IMOD's flag),
/// int16 (1), uint16 (6), half (12). Spider: float32.
enum class StoredAs : std::uint8_t { float32, int8, uint8, int16, uint16, half };

/// What a new stack is.
struct StackSpec {
  StackFormat format = StackFormat::mrc;
  Extent extent{};
  StackContents contents = StackContents::images;
  StoredAs stored = StoredAs::float32;
  double pixel_size_angstrom = 0;  ///< <= 0: not known
  /// Images to come, for the check of sizes; 0 = not known yet.
  std::int64_t expected = 0;
};

/// A StoredAs in the terms of the formats.
struct StoredType {
  StoredAs stored;
  std::int32_t mrc_mode;
  Encoding encoding;
  PixelType type;  ///< decoded
};

const StoredType& stored_type(StoredAs stored);
/// Null where no StoredAs is stored so.
const StoredType* stored_type(Encoding encoding, PixelType type);

/// Where the images of a new file go. Precondition: check_spec.
StackLayout layout_of(const StackSpec& spec);

/// Sizes and types the format can say. Throws Error BAD_FIELD, LIMIT, OVERFLOW, UNSUPPORTED.
void check_spec(const StackSpec& spec, const std::string& path);

/// Whether the format can hold `count` images. Throws Error LIMIT, OVERFLOW.
void check_count(const StackSpec& spec, std::int64_t count, const std::string& path);

}  // namespace quickbeam::io
