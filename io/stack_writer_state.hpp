// SPDX-License-Identifier: BSD-3-Clause
// What a StackWriter keeps; shared by stack_writer.cpp (new files) and stack_update.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <quickbeam/core/buffer.hpp>

#include "io/atomic_file.hpp"
#include "io/stack_writer.hpp"
#include "io/update_file.hpp"

namespace quickbeam::io {

struct StackWriterState {
  std::string path;
  StackSpec spec;
  StackLayout layout;
  std::variant<std::unique_ptr<AtomicFile>, std::unique_ptr<UpdateFile>> file;
  std::vector<std::byte> old_header{};  ///< of a file being updated
  std::int64_t known = 0;               ///< images that were there before
  std::int64_t count = 0;               ///< images, with those still missing in between
  std::int64_t written = 0;             ///< images there are, old ones included
  /// Of every image: one can be replaced, and the order of writing changes no bit. Of an updated
  /// file only those written now are known.
  std::vector<PixelStatistics> images{};
  std::uint64_t clipped = 0;
  Buffer<std::byte> stored{};

  bool is_update() const { return file.index() == 1; }
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    std::visit([&](auto& open) { open->write_at(offset, bytes); }, file);
  }
  void put(std::int64_t index, ConstAnyView image);
  StackReport finish();

 private:
  void check_put(std::int64_t index, ConstAnyView image) const;
  PixelStatistics convert(ConstAnyView image);
  void check_complete() const;
};

/// The header of a new file, or the old one brought up to date.
std::vector<std::byte> new_header(const StackWriterState& state, const PixelStatistics& statistics);
std::vector<std::byte> updated_header(const StackWriterState& state);

}  // namespace quickbeam::io
