// SPDX-License-Identifier: BSD-3-Clause
// Files of images and sets of them: described, read, measured, written, converted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/image_set.hpp>
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

/// Of pixels. Absent = not known.
struct PixelSummary {
  std::optional<double> min{}, max{}, mean{}, sd{};  ///< sd: divisor N
};

/// Particles imaged alike, as their set says it.
struct SetGroup {
  std::string name;
  std::int64_t count = 0;
  std::optional<Extent> image_size{};
  std::optional<double> pixel_size_angstrom{}, voltage_kv{}, spherical_aberration_mm{},
      amplitude_contrast{};
};

/// A file that a set names.
struct SetStack {
  std::string name;        ///< as the set says it
  std::int64_t count = 0;  ///< particles in it that the set uses; of a list: 0 = all
  bool missing = false;
};

/// What a file is. Pixels are not decoded.
struct FileDescription {
  std::string format;       ///< "CBF", "NPY", "MRC", "Spider", "RELION 3.1 STAR", ...
  std::string compression;  ///< "none", "gzip", "bzip2"
  std::uint64_t stored_bytes = 0, unpacked_bytes = 0;
  std::string header;  ///< the detector's text header as it stands
  /// What else the header of a stack says, for people: mode, axes, labels.
  std::vector<std::pair<std::string, std::string>> attributes;
  FrameInfo info{};
  std::vector<StreamDescription> streams;
  std::int64_t frames = 0;        ///< images (of volumes: sections), of a set particles
  std::int64_t volume_depth = 1;  ///< sections of each volume; 1 = the frames are images
  std::optional<double> pixel_size_angstrom{};  ///< of a stack, and of a set where it is one
  PixelSummary claimed{};                       ///< by the header of a stack; often wrong
  std::vector<SetGroup> groups;                 ///< of a set
  std::vector<SetStack> stacks;
};

/// Throws Error.
FileDescription describe_file(const std::string& path, const ReadPolicy& policy = {});

/// As above; `options` also say where the names in a set begin.
FileDescription describe_file(const std::string& path, const ImageSetOptions& options);

/// True statistics of pixels.
struct MeasuredPixels {
  std::int64_t images = 0;
  std::uint64_t count = 0;     ///< pixels that are numbers
  std::uint64_t left_out = 0;  ///< NaN, infinities, and masked pixels of detector frames
  PixelSummary summary{};      ///< absent when there is no number
};

/// Reads all pixels of an image, a stack or a set ("3@proj.stk", "proj.stk", "proj.star"). In
/// double precision, by blocks: a mean far above the spread costs no digits. Throws Error, also for
/// a set with a file that cannot be read.
MeasuredPixels measure_pixels(const std::string& input, const ImageSetOptions& options = {});

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
  FrameInfo info{};
  std::optional<double> pixel_size_angstrom{};  ///< sampling rate, of images of stacks
  /// What else the header of its stack says: (key, value), for people.
  std::vector<std::pair<std::string, std::string>> attributes{};
};

/// One image, decoded. Without a number the file must hold exactly one image. Of a set, the N-th
/// particle. Throws Error.
LoadedImage load_image(const ImageAddress& address, const ReadPolicy& policy = {});
LoadedImage load_image(const ImageAddress& address, const ImageSetOptions& options);

enum class Digest : std::uint8_t { no, md5 };

/// Writes a mini-CBF (byte-offset) with header lines made from `info`; appears whole or not at all.
/// Throws Error: UNSUPPORTED for floating-point pixels, IO.
void save_cbf(const std::string& path, ConstAnyView pixels, const FrameInfo& info,
              Digest digest = Digest::md5);

/// What a picture of an image of this file or set is best made by, in full size: counts as the
/// preset `standard` (log, black is strong), densities (MRC, Spider, sets) in even steps between
/// percentiles, white is dense. Throws Error when the file cannot be read.
Recipe picture_recipe(const ImageAddress& source, const ImageSetOptions& options = {});

/// Writes an image in the format the name asks for: .npy (the exact type), .cbf (integers), .mrc,
/// .mrcs, .stk, .spi, ..., .png or .jpeg (by `recipe`). The file appears whole or not at all, over
/// an old one.
///
/// With a number N the target is a stack, and the image its N-th: one that is there is replaced,
/// N = count + 1 appends, 1 makes the stack where there is none; values are stored in the type of
/// the stack. Several processes may take turns. Throws Error: INCONSISTENT for a number beyond that
/// and for another size, UNSUPPORTED, USAGE, IO. Returns notices.
std::vector<std::string> save_image(const ImageAddress& target, const LoadedImage& image,
                                    const Recipe& recipe);

/// Converts to what the name of `target` asks for:
///
/// - an image, or one of a file or set (N@): as save_image; so is any source into N@STACK;
/// - all images of a file into .npy (3-D where there are several) or a stack; a volume into a
///   volume where the name does not ask for a stack (.mrcs, .st, .stk);
/// - a set (.star, .xmd, .cs, a list) into .npy or a stack: its images in its order, and beside
///   them the set that names them there (.xmd for Xmipp, else .star);
/// - a set, or the images of a file, into .star or .xmd: the set alone, images stay where they are.
///
/// With StackReading::volume the source is one file and all of it a volume (of .npy: of its 3-D
/// array), else Error USAGE: N@, sets and targets that hold images. Throws Error; returns notices.
std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ReadPolicy& policy = {});
std::vector<std::string> convert_file(const ImageAddress& source, const std::string& target,
                                      const Recipe& recipe, const ImageSetOptions& options);

}  // namespace quickbeam
