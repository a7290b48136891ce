// SPDX-License-Identifier: BSD-3-Clause
// Single files: described, read, written, converted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/read_policy.hpp>
#include <quickbeam/recipe.hpp>

namespace quickbeam {

/// One run of encoded pixels in a file.
struct StreamDescription {
  Encoding encoding{};
  PixelType type{};
  Extent extent{};
  std::int64_t depth = 1;    ///< images in the stream
  std::uint64_t offset = 0;  ///< of its first byte in the unpacked file
  std::uint64_t bytes = 0;
  bool has_md5 = false;
};

/// What a file is. Pixels are not decoded.
struct FileDescription {
  std::string format;       ///< "CBF", "NPY", "MRC", "Spider"
  std::string compression;  ///< "none", "gzip", "bzip2"
  std::uint64_t stored_bytes = 0, unpacked_bytes = 0;
  std::string header;  ///< the detector's text header as it stands
  /// What else the header of a stack says, for people: mode, axes, labels.
  std::vector<std::pair<std::string, std::string>> attributes;
  FrameInfo info{};
  std::vector<StreamDescription> streams;
  std::int64_t frames = 0;
};

/// Throws Error.
FileDescription describe_file(const std::string& path, const ReadPolicy& policy = {});

/// A file, or one image in it: "3@stack.cbf" is the third image (1-based).
struct ImageAddress {
  std::string path;
  std::optional<std::int64_t> number{};
};

/// An existing file of that very name wins over the N@ reading. Throws Error BAD_FIELD when what
/// stands before the @ is no number from 1 on.
ImageAddress parse_address(std::string_view text);

/// A decoded image with its header facts, in the file's own pixel type.
struct LoadedImage {
  Image pixels;
  FrameInfo info;
};

/// One image, decoded. Without a number the file must hold exactly one image. Throws Error.
LoadedImage load_image(const ImageAddress& address, const ReadPolicy& policy = {});

enum class Digest : std::uint8_t { no, md5 };

/// Writes a mini-CBF (byte-offset) with header lines made from `info`; appears whole or not at all.
/// Throws Error: UNSUPPORTED for floating-point pixels, IO.
void save_cbf(const std::string& path, ConstAnyView pixels, const FrameInfo& info,
              Digest digest = Digest::md5);

/// Converts an image (or, to .npy, all images as a 3-D array) to the format the name of `target`
/// asks for: .npy (the exact type), .cbf (integers), .mrc, .png, .jpeg; pictures are made by
/// `recipe`. Throws Error; returns notices.
std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ReadPolicy& policy = {});

}  // namespace quickbeam
