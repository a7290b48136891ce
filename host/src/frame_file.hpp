// SPDX-License-Identifier: BSD-3-Clause
// A file opened as a row of frames: read, parsed, each frame's pixels found, errors located.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/read_policy.hpp>

#include "io/file_bytes.hpp"
#include "io/image_file.hpp"

namespace quickbeam {

/// One file after the other into the same memory. Not thread-safe: one per thread.
class FrameFile {
 public:
  /// Keeps the file's bytes in memory of `resource`, see Buffer.
  explicit FrameFile(std::pmr::memory_resource* resource = nullptr) : reader_(resource) {}

  /// Reads and parses. Throws Error.
  void open(const std::string& path, const ReadPolicy& policy = {});

  const std::string& path() const { return path_; }
  const io::ImageFile& file() const { return file_; }
  const io::FileBytes& bytes() const { return bytes_; }
  std::int64_t frames() const { return file_.frames(); }

  /// The pixels of frame `index` (0-based), depth 1. A stream of several encoded images is decoded
  /// once into memory of its own. Valid until the next open. Throws Error, located.
  Payload frame(std::int64_t index);

  /// `error` of decoding frame `index`, with the path, the frame and the byte in the file.
  Error located(const Error& error, std::int64_t index) const;

 private:
  struct Place {
    std::size_t stream;
    std::int64_t slice;
  };
  Place place_of(std::int64_t index) const;
  std::span<const std::byte> decoded(std::size_t stream);

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
};

/// What a frame wrapping its running sum at `pixel` means under `policy`: a notice, or an Error.
std::string wrap_notice(std::uint64_t pixel);
void check_wrap(std::uint64_t pixel, const ReadPolicy& policy);

}  // namespace quickbeam
