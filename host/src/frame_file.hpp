// SPDX-License-Identifier: BSD-3-Clause
// A file opened as a row of frames: read, parsed, each frame's pixels found, errors located.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/files.hpp>
#include <quickbeam/read_policy.hpp>

#include "io/file_bytes.hpp"
#include "io/image_file.hpp"
#include "io/stack_file.hpp"

namespace quickbeam {

/// One file after the other into the same memory; a stack stays on disk and is read frame by frame.
/// Not thread-safe: one per thread.
class FrameFile {
 public:
  /// Keeps the file's bytes in memory of `resource`, see Buffer.
  explicit FrameFile(std::pmr::memory_resource* resource = nullptr) : reader_(resource) {}

  /// Reads and parses. Throws Error.
  void open(const std::string& path, const ReadPolicy& policy = {});

  const std::string& path() const { return path_; }
  const io::ImageFile& file() const { return file_; }
  io::Compression compression() const;
  std::uint64_t stored_bytes() const;    ///< on disk
  std::uint64_t unpacked_bytes() const;  ///< what offsets count in
  /// The file as a stack, null for a file that is read whole.
  const io::StackFile* stack() const { return stack_ ? &*stack_ : nullptr; }
  std::int64_t frames() const { return file_.frames(); }

  /// The pixels of frame `index` (0-based), depth 1. A stream of several encoded images is decoded
  /// once into memory of its own; an image of a stack is read now. Valid until the next open or
  /// release_frames. Throws Error, located.
  Payload frame(std::int64_t index);
  /// What frame() would give, of a stack without its bytes: nothing is read. Throws Error, located.
  Payload shape(std::int64_t index);
  /// Nobody uses the frames given out so far any more: a stack larger than memory can go on.
  void release_frames() { held_ = 0; }

  /// `error` of decoding frame `index`, with the path, the frame and the byte in the file.
  Error located(const Error& error, std::int64_t index) const;

 private:
  struct Place {
    std::size_t stream;
    std::int64_t slice;
  };
  Place place_of(std::int64_t index) const;
  std::span<const std::byte> decoded(std::size_t stream);
  Payload stack_frame(std::int64_t index);

  std::string path_;
  ReadPolicy policy_;
  io::FileReader reader_;
  io::FileBytes bytes_;
  io::ImageFile file_;
  /// One for each stream that had to be decoded: a sum may hold frames of several at once.
  struct Decoded {
    Buffer<std::byte> pixels;
    bool ready = false;
  };
  std::vector<Decoded> decoded_;
  /// Images of a stack: the first `held_` are in use, the others keep their memory for later.
  struct StackFrame {
    std::int64_t index = -1;
    Buffer<std::byte> bytes;
  };
  std::optional<io::StackFile> stack_;
  std::vector<StackFrame> stack_frames_;
  std::size_t held_ = 0;
};

/// The place (0-based) of the image an address names. Throws Error USAGE when it names none and the
/// file has several, INCONSISTENT for a number beyond the last.
std::int64_t index_of(const FrameFile& file, const ImageAddress& address);

/// The image an address names, decoded. The file is open; its frames given out before are released.
LoadedImage load_frame(FrameFile& file, const ImageAddress& address, const ReadPolicy& policy);

/// What a frame wrapping its running sum at `pixel` means under `policy`: a notice, or an Error.
std::string wrap_notice(std::uint64_t pixel);
void check_wrap(std::uint64_t pixel, const ReadPolicy& policy);

}  // namespace quickbeam
