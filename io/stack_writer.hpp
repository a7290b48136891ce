// SPDX-License-Identifier: BSD-3-Clause
// Writes MRC and Spider stacks image by image; the header, with true statistics, comes last.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <quickbeam/core/image_view.hpp>

#include "io/pixel_statistics.hpp"
#include "io/stack_spec.hpp"

namespace quickbeam::io {

/// What became of the pixels.
struct StackReport {
  std::int64_t count = 0;        ///< images in the file
  PixelStatistics statistics{};  ///< of the stored values of the images written here
  std::uint64_t clipped = 0;     ///< finite pixels outside the stored type, set to its nearest end
};

struct StackWriterState;

/// One stack being written, by one thread. Every value is stored in little-endian order; a float
/// becomes an integer or a half by rounding to nearest, ties to even; NaN becomes 0 in integers.
class StackWriter {
 public:
  /// Begins a new file, which appears whole at finish(), over an old one, or never: it is a
  /// temporary without a header until then. Throws Error BAD_FIELD, LIMIT (sizes the format
  /// cannot say), UNSUPPORTED (a type the format cannot hold), IO.
  StackWriter(const std::string& path, const StackSpec& spec);

  /// Opens a stack to add or replace images in place; its header is brought up to date at finish().
  /// Images appended to a file whose writer dies do not count, one being replaced may be torn.
  /// MRC statistics become "not determined", for the other images are not read. Throws Error
  /// UNSUPPORTED for big-endian and compressed files, volumes, and types StoredAs does not have;
  /// IO, also while another process updates the file.
  static StackWriter update(const std::string& path);

  StackWriter(StackWriter&&) noexcept;
  StackWriter& operator=(StackWriter&&) noexcept;
  ~StackWriter();

  const StackSpec& spec() const;
  std::int64_t count() const;

  /// Adds an image of the stack's extent and any pixel type. Throws Error USAGE, LIMIT, IO.
  void append(ConstAnyView image) { put(count(), image); }
  /// Writes image `index` (0-based, at most count()).
  void put(std::int64_t index, ConstAnyView image);
  /// Writes the header and closes; nothing may follow. Throws Error BAD_FIELD when there is no
  /// image, or not the one of StackContents::image; IO.
  StackReport finish();

 private:
  explicit StackWriter(std::unique_ptr<StackWriterState> state);
  std::unique_ptr<StackWriterState> state_;
};

}  // namespace quickbeam::io
