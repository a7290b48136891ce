// SPDX-License-Identifier: BSD-3-Clause
// The words of a SPIDER header by the names of its documentation, counted from 1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quickbeam::io::spider {

enum Word : std::size_t {
  nslice = 1,
  nrow = 2,
  irec = 3,
  iform = 5,
  imami = 6,
  fmax = 7,
  fmin = 8,
  av = 9,
  sig = 10,
  nsam = 12,
  labrec = 13,
  scale = 21,
  labbyt = 22,
  lenbyt = 23,
  istack = 24,
  inuse = 25,
  maxim = 26,
  imgnum = 27,
};

inline constexpr std::int64_t least_header_bytes = 1024;
/// Whole numbers up to here are exact in float32.
inline constexpr std::int64_t largest_exact = std::int64_t{1} << 24;

/// Records of 4 * width bytes that a header takes: as many as hold 1,024 bytes.
constexpr std::int64_t header_records(std::int64_t width) {
  const std::int64_t record = 4 * width;
  return (least_header_bytes + record - 1) / record;
}

}  // namespace quickbeam::io::spider
