// SPDX-License-Identifier: BSD-3-Clause
// Shared by the readers of stacks: what is known before a header is understood, and how much of
// the pixels is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/fault_report.hpp"
#include "io/stack_file.hpp"

namespace quickbeam::io {

/// The beginning of a file, as much of it as the headers of all formats need.
struct StackHead {
  static constexpr std::size_t bytes_needed = 1024;
  std::span<const std::byte> bytes;  ///< min(bytes_needed, size) of them
  std::uint64_t size = 0;            ///< of the whole (unpacked) file
  const std::string& path;
};

/// Fails where the bytes are of some other known kind (HTML, TIFF, zeros, ...), or too few.
void check_head(const StackHead& head, const FaultReport& report, std::string_view what);

/// Stored bytes of one image. Throws Error OVERFLOW from 2^63 on.
std::uint64_t checked_image_bytes(const StackInfo& info, const Fault& overflow,
                                  const FaultReport& report);

/// How many images the header of a file claims, and where they would be.
struct StackClaim {
  std::int64_t count = 0;
  StackLayout layout{};
  Fault overflow;  ///< what to say when it needs 2^63 bytes or more
};

/// Compares the claim with the bytes present, in 128 bits, before anybody takes memory. Returns the
/// images to use. Throws Error OVERFLOW from 2^63 bytes on, TRUNCATED; trailing bytes are an
/// oddity.
std::int64_t check_size(const StackClaim& claim, const StackHead& head, const StackOptions& options,
                        const FaultReport& report);

/// Puts what every stack says (contents, byte order, pixel size, the header's statistics) before
/// the attributes of its format.
void describe_facts(StackInfo& info);

}  // namespace quickbeam::io
