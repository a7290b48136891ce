// SPDX-License-Identifier: BSD-3-Clause
// Particle stacks (MRC, Spider), described once and read image by image: never as a whole.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/payload.hpp>
#include <quickbeam/core/pixel_type.hpp>
#include <quickbeam/core/stack_reading.hpp>

#include "io/byte_source.hpp"
#include "io/file_bytes.hpp"
#include "io/image_file.hpp"

namespace quickbeam::io {

/// What to do with a stack that is cut.
enum class Cut : std::uint8_t {
  refuse,      ///< Error TRUNCATED that names the first image not there in full
  keep_whole,  ///< a notice, and the images that are there in full (at least one)
};

/// What counts as an image of a file that is read as volumes.
enum class ImageUnit : std::uint8_t {
  section,  ///< each section
  volume    ///< each volume, its sections one below the other
};

struct StackOptions {
  Strictness strictness = Strictness::lenient;
  StackReading reading = StackReading::automatic;  ///< docs of parse_mrc, parse_spider
  Mode0 mode0 = Mode0::automatic;
  Cut cut = Cut::refuse;
  ImageUnit unit = ImageUnit::section;
  FileLimits limits{};  ///< of compressed files, which are unpacked into memory
};

/// Of the pixels, as the header claims; absent = not determined. Claims are often wrong: nothing
/// here relies on them.
struct HeaderStatistics {
  std::optional<double> min{}, max{}, mean{}, sd{};
};

/// Where the pixels are: runs of images that follow each other, each run behind a header.
struct StackLayout {
  std::uint64_t first = 0;         ///< of the first pixel of the first image in the (unpacked) file
  std::uint64_t image_bytes = 0;   ///< stored bytes of one image
  std::int64_t run = 1;            ///< images in a run; > 0
  std::uint64_t header_bytes = 0;  ///< before every run, the first one's included in `first`

  /// Of the first pixel of image `k` (0-based). The product was checked when the file was opened.
  std::uint64_t offset_of(std::int64_t k) const {
    return first + static_cast<std::uint64_t>(k) * image_bytes +
           static_cast<std::uint64_t>(k / run) * header_bytes;
  }
};

/// What a stack is. An image is always two-dimensional: of a volume, it is one section, or, with
/// ImageUnit::volume, all of them one below the other.
struct StackInfo {
  std::string format;  ///< "MRC", "Spider"
  Encoding encoding = Encoding::raw;
  PixelType type = PixelType::f32;  ///< of the decoded image
  ByteOrder order = ByteOrder::little;
  Extent extent{};
  std::int64_t count = 0;         ///< images; > 0
  std::int64_t volume_depth = 1;  ///< sections of each volume; 1 = a stack of images
  std::int64_t sections = 1;      ///< of each image; more than 1 with ImageUnit::volume only
  StackLayout layout{};
  std::optional<double> pixel_size_angstrom{};
  std::array<int, 3> axes = {1, 2, 3};  ///< which of x, y, z columns, rows and sections run along
  std::uint64_t extended_offset = 0, extended_bytes = 0;  ///< MRC's extended header
  HeaderStatistics statistics{};
  std::vector<std::pair<std::string, std::string>> attributes;  ///< for people: what else it says
  std::vector<std::string> notices;                             ///< oddities accepted

  bool is_volume() const { return volume_depth > 1; }
};

/// A stack as a file of frames: one stream of all images, without bytes.
ImageFile describe(const StackInfo& info);

/// One open stack. read() may be called by several threads at once; moving is not thread-safe.
class StackFile {
 public:
  /// Opens and reads the header (and, of Spider, that of the first image). A plain file stays
  /// open and is read in place; .gz and .bz2 are unpacked into memory, after the header has said
  /// how much there may be. `path` may end in a hint as in RELION and Xmipp: ":mrcs" and
  /// ":st" ask for a stack, ":mrc" and ":map" for a volume; ":spi", ":stk" say nothing new.
  /// Throws Error: NOT_FOUND, IO, and what the format refuses; NOT_THIS_FORMAT for other files.
  static StackFile open(const std::string& path, const StackOptions& options = {});
  /// As open; none where neither the bytes nor the name are those of a stack.
  static std::optional<StackFile> try_open(const std::string& path,
                                           const StackOptions& options = {});
  /// As open, of a file's bytes in memory, which must outlive this.
  static StackFile over(std::span<const std::byte> bytes, const std::string& path,
                        const StackOptions& options = {});

  const StackInfo& info() const { return info_; }
  const std::string& path() const { return path_; }
  Compression compression() const { return compression_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }      ///< on disk
  std::uint64_t unpacked_bytes() const { return source_->size(); }  ///< what offsets count in

  /// The stored bytes of images first .. first + count - 1 (0-based), one behind the other, headers
  /// between them left out; out.size() == count * info().layout.image_bytes. In as few system calls
  /// as there can be. Throws Error: USAGE for images that are not there, TRUNCATED when the file
  /// has been cut since it was opened, INCONSISTENT for a Spider image whose own header does not
  /// fit the stack's, IO.
  void read(std::int64_t first, std::int64_t count, std::span<std::byte> out) const;

  /// As read, of `rows` rows from `first_row` on of every image: out.size() == count * rows * bytes
  /// of a row. One system call an image where that is not all of them. The image's own header is
  /// looked at by read only. Throws Error as read does.
  void read_rows(std::int64_t first, std::int64_t count, std::int64_t first_row, std::int64_t rows,
                 std::span<std::byte> out) const;

  /// Rows of images where they lie in the page cache, undecoded.
  struct InPlace {
    const std::byte* first = nullptr;
    std::uint64_t stride = 0;  ///< bytes from an image to the next
    const MappedFile* file = nullptr;
    std::uint64_t begin = 0;  ///< of all of them in the file, with what is between them
    std::size_t bytes = 0;
  };
  /// What read_rows would give, or nothing: where files may not be mapped, where it is not in the
  /// page cache, where images are not at equal distances, far apart or not aligned for their type.
  /// To be looked at before `file` is asked whether it is_intact, and released. Throws Error as
  /// read_rows does.
  std::optional<InPlace> in_place(std::int64_t first, std::int64_t count, std::int64_t first_row,
                                  std::int64_t rows) const;

  /// `count` images that read() gave, as a decoder takes them.
  Payload payload(std::span<const std::byte> stored, std::int64_t count = 1) const;

  /// MRC's extended header as it stands; empty when there is none. Throws Error.
  std::vector<std::byte> extended_header() const;

 private:
  StackFile() = default;
  static std::optional<StackFile> open_source(std::string path, std::unique_ptr<ByteSource> source,
                                              const StackOptions& options);
  static std::optional<StackFile> open_packed(std::string path, const ByteSource& packed,
                                              const StackOptions& options);

  std::string path_;
  StackInfo info_;
  Compression compression_ = Compression::none;
  std::uint64_t stored_bytes_ = 0;
  std::unique_ptr<FileReader> unpacked_;  ///< owns what a memory source borrows
  std::unique_ptr<ByteSource> source_;
};

}  // namespace quickbeam::io
