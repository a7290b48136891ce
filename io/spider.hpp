// SPDX-License-Identifier: BSD-3-Clause
// SPIDER images, stacks and volumes (spider-em.github.io, image_doc and head_include): every header
// word is a float32, in either byte order.
#pragma once

#include <cstddef>
#include <span>

#include "io/stack_parse.hpp"

namespace quickbeam::io {

/// True when the words that must be whole numbers are, in one of the byte orders, and agree with
/// each other.
bool is_spider(std::span<const std::byte> head);

/// Plain images and volumes, and stacks of either (ISTACK > 0). Volumes are read as sections; with
/// StackReading::stack their depth is not said, with StackReading::volume the images of a stack are
/// the sections of one. Throws Error.
StackInfo parse_spider(const StackHead& head, const StackOptions& options);

/// Bytes of the header before an image of a stack that check_spider_image looks at.
inline constexpr std::size_t spider_checked_bytes = 128;

/// Compares the header of image `frame` (from 1), which begins at `offset` in the file, with that
/// of the stack. Throws Error INCONSISTENT for the other byte order; another size is an oddity.
void check_spider_image(const StackInfo& info, std::span<const std::byte> header,
                        std::uint64_t offset, std::int64_t frame, const FaultReport& report);

}  // namespace quickbeam::io
