// SPDX-License-Identifier: BSD-3-Clause
// A guess at what bytes are when they are no image, for the message a user reads.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace quickbeam::io {

/// "an HTML page", "an HDF5 file", "zeros only", ...; else the first bytes in hexadecimal.
std::string looks_like(std::span<const std::byte> bytes);

/// As looks_like, where the bytes are of a kind that is never an image read here: a signature,
/// text, zeros. None for others. Precondition: not empty.
std::optional<std::string> known_kind(std::span<const std::byte> bytes);

}  // namespace quickbeam::io
