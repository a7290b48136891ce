// SPDX-License-Identifier: BSD-3-Clause
// The header of the MRC files written here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <quickbeam/core/extent.hpp>

#include "io/mrc_words.hpp"
#include "io/pixel_statistics.hpp"

namespace quickbeam::io::mrc {

enum class Kind : std::uint8_t { stack, volume };

/// What the bytes of mode 0 are. IMOD's stamp and flag say it, for no other field does.
enum class Bytes : std::uint8_t { signed_values, unsigned_values };

struct HeaderFacts {
  Extent extent{};
  std::int64_t sections = 1;
  std::int32_t mode = 2;
  Bytes bytes = Bytes::signed_values;  ///< of mode 0
  Kind kind = Kind::stack;             ///< stack: ISPG 0, MZ 1; volume: ISPG 1, MZ = sections
  double pixel_size_angstrom = 0;      ///< <= 0 or not finite: not known, the cell is 0
  PixelStatistics statistics{};        ///< of the stored values
};

/// Version 20141, little-endian, as mrcfile.validate wants it. Statistics that are not determined
/// (no pixel, or one that is not finite) are marked so: DMAX < DMIN, DMEAN below both, RMS < 0; so
/// are those of unsigned bytes above 127, which mrcfile would find to be wrong: it reads int8.
std::array<std::byte, header_bytes> make_header(const HeaderFacts& facts);

/// IMOD's stamp, and the flag for signed bytes, in a header of mode 0.
void stamp_bytes(std::span<std::byte, header_bytes> header, Bytes bytes);

/// "Not determined" in a header that stands.
void clear_statistics(std::span<std::byte, header_bytes> header);

}  // namespace quickbeam::io::mrc
