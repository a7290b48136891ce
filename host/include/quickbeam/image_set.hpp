// SPDX-License-Identifier: BSD-3-Clause
// Any number of images in any number of files as one set: particle sets, stacks, frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/pixel_type.hpp>
#include <quickbeam/read_policy.hpp>

namespace quickbeam {

/// What counts as an image.
enum class ImageItems : std::uint8_t {
  sections,  ///< images, and each section of a volume
  /// Every file with a third dimension is a volume, or several: each of them is one image, its
  /// sections one below the other. For stacks by name (MRC, Spider); N@FILE is the N-th volume. For
  /// statistics: thumbnails are of images.
  volumes
};

struct ImageSetOptions {
  ReadPolicy read{};
  ImageItems items = ImageItems::sections;
  /// Folder that the names in a set begin at; none = the current folder, then those above the set.
  std::optional<std::string> root{};
  bool allow_outside = false;  ///< names in a set may be absolute or lead out of the root
};

/// Images alike: of one extent and one pixel size.
struct ImageGroup {
  std::string name;           ///< of the optics group, or "64x64" ...; no two groups have the same
  Extent extent{};            ///< of a volume: width x (height x sections)
  std::int64_t sections = 1;  ///< of each image, see ImageItems
  /// What pixels are read as: the type they all have in their files, else f64. Frames with masked
  /// pixels (CBF) are read as f64 too, masked ones as NaN.
  PixelType type = PixelType::f32;
  std::optional<double> pixel_size_angstrom{};
  std::int64_t count = 0;  ///< > 0
};

/// A file that could not be used, or not as a whole: of a stack that is cut, the images that are
/// there in full are used.
struct ImageSetFailure {
  std::string path;
  Error error;
  std::int64_t images = 0;  ///< of a set, that are in no group for it
};

/// Opens every file once to see what is in it. Images have a position in the set (its own order,
/// from 0), and a place in their group (by file, front to back: the order in which they are read,
/// which does not depend on the order of the set).
class ImageSet {
 public:
  /// `inputs`: STAR, .xmd and .cs files, lists (.txt), stacks, frames, and N@FILE for the N-th
  /// image of any of them, from 1 (of .xmd, disabled ones do not count). Of N@SET only the stack
  /// that holds the image is opened; of a list all are, to count their images. Throws Error: what
  /// is wrong with a set itself, an image number beyond the end of a stack or set, and the first
  /// failure when no image is left.
  static ImageSet open(std::span<const std::string> inputs, const ImageSetOptions& options = {});

  const std::vector<ImageGroup>& groups() const;
  const std::vector<ImageSetFailure>& failures() const;
  const std::vector<std::string>& notices() const;
  std::int64_t positions() const;  ///< images, those of failed files included

  /// Positions of the images of a group, by place.
  std::span<const std::uint32_t> order(std::size_t group) const;
  /// "12@folder/stack.mrcs" as a set names it, the name alone for a file of one image.
  std::string name_of(std::uint32_t position) const;
  /// Names the images of a group in their order, their files' sizes and headers: sets with equal
  /// identities hold the same images. 32 hexadecimal digits.
  std::string identity(std::size_t group) const;

  ImageSet(ImageSet&&) noexcept;
  ImageSet& operator=(ImageSet&&) noexcept;
  ~ImageSet();

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit ImageSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A band of rows of an image.
struct Rows {
  std::int64_t first = 0, count = 0;
};

/// Reads the images of a set, which outlives it. One a thread.
class ImageReader {
 public:
  explicit ImageReader(const ImageSet& set);
  ~ImageReader();
  ImageReader(ImageReader&&) noexcept;

  /// Rows of the images at places first .. first + count - 1 of a group, decoded to its type, one
  /// behind the other without gaps; out.size() is their bytes. Throws Error, located.
  void read(std::size_t group, std::int64_t first, std::int64_t count, Rows rows,
            std::span<std::byte> out);

  /// What read would give, where it lies in a mapped file (quickbeam/mapped_files.hpp).
  struct InPlace {
    const std::byte* first = nullptr;  ///< aligned for the group's type
    std::size_t stride = 0;            ///< bytes from an image to the next
  };
  /// Nothing where it is to be read: mapping is not allowed, the images are not in the page cache,
  /// not of one file, need decoding, or a header among them is not what it should be. Good until
  /// the next call.
  std::optional<InPlace> in_place(std::size_t group, std::int64_t first, std::int64_t count,
                                  Rows rows);
  /// Whether all that in_place gave since the last call were the files' bytes; if not, a file was
  /// cut or its disk failed, and what came of them is to be forgotten and read.
  bool was_intact();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quickbeam
