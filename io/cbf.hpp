// SPDX-License-Identifier: BSD-3-Clause
// The CBF container: mini-CBF and imgCIF headers, MIME binary sections (CBFlib manual, section 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/core/frame_info.hpp>

#include "io/image_file.hpp"

namespace quickbeam::io {

/// True when the bytes start as a CBF does, or hold a binary section near the start.
bool is_cbf(std::span<const std::byte> bytes);

/// Parses headers and finds every binary section; each becomes a Stream, its third dimension the
/// depth. Checks everything the catalogue of bad inputs asks of a container; never allocates by a
/// claim.
ImageFile parse_cbf(std::span<const std::byte> bytes, const std::string& path,
                    const ReadOptions& options = {});

/// Facts of a PILATUS/EIGER mini header ("# Key value unit" lines), added to `info`.
void parse_mini_header(std::string_view text, FrameInfo& info);

enum class CbfMd5 : std::uint8_t { no, yes };

/// A complete mini-CBF file around byte-offset data already encoded (`payload.bytes`, encoding
/// byte_offset), header lines made from `info`; CRLF, 4095 bytes of padding, as DECTRIS writes it.
std::span<const std::byte> encode_cbf(const Payload& payload, const FrameInfo& info,
                                      const std::string& name, CbfMd5 md5, Buffer<std::byte>& out);

}  // namespace quickbeam::io
