// SPDX-License-Identifier: BSD-3-Clause
// The MIME header of a binary section: "Key: value" lines, folded, until a blank line (RFC 822).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/cbf_context.hpp"

namespace quickbeam::io {

inline constexpr std::string_view cbf_boundary = "--CIF-BINARY-FORMAT-SECTION--";
inline constexpr std::string_view cbf_marker = "\x0c\x1a\x04\xd5";

struct MimeField {
  std::string_view key;
  std::string value;         ///< unfolded, blanks and one pair of quotes around it removed
  std::uint64_t offset = 0;  ///< of the value in the file
};

/// The header of one section.
struct MimeHeader {
  std::vector<MimeField> fields;
  std::uint64_t begin = 0;  ///< of the boundary line
  std::uint64_t end = 0;    ///< just after the blank line

  /// The field of that name, in any case; null when there is none.
  const MimeField* find(std::string_view key) const;
};

/// Reads the header whose boundary line begins at `begin`. Throws Error: TRUNCATED when the file
/// ends in it, LIMIT beyond the header limit, BAD_FIELD for a NUL, INCONSISTENT when a key stands
/// twice with different values.
MimeHeader parse_mime_header(const CbfContext& context, std::size_t begin);

/// A whole-token integer of 0 or more, or nothing when the key is absent. Throws Error BAD_FIELD,
/// or OVERFLOW when it does not fit 63 bits.
std::optional<std::int64_t> find_count(const CbfContext& context, const MimeHeader& header,
                                       std::string_view key);

/// What the Content-Type says of the data: `conversions` and its flags.
struct MimeConversion {
  std::string name;          ///< as written; empty = none
  std::uint64_t offset = 0;  ///< of the Content-Type's value
  bool flat = false;         ///< the image is one long row
  bool uncorrelated_sections = false;
  std::string unknown_flag;  ///< a flag nobody has documented; empty = none
};

MimeConversion parse_conversion(const MimeHeader& header);

}  // namespace quickbeam::io
