// SPDX-License-Identifier: BSD-3-Clause
// The words of an MRC header by the names of its specification, and the modes read and written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <quickbeam/core/payload.hpp>

namespace quickbeam::io::mrc {

inline constexpr std::size_t header_bytes = 1024;

/// Word numbers count from 1, as in the specification.
enum Word : std::size_t {
  nx = 1,
  ny = 2,
  nz = 3,
  mode = 4,
  mx = 8,
  mz = 10,
  cella = 11,
  cellb = 14,
  mapc = 17,
  dmin = 20,
  dmax = 21,
  dmean = 22,
  ispg = 23,
  nsymbt = 24,
  exttyp = 27,
  nversion = 28,
  imod_stamp = 39,
  imod_flags = 40,
  origin = 50,
  map_id = 53,
  machst = 54,
  rms = 55,
  nlabl = 56,
  labels = 57,
};

/// IMOD_STAMP of a file that IMOD's flags speak of, and two of the flags.
inline constexpr std::int32_t imod_stamp_value = 1146047817;  // "IMOD"
inline constexpr std::int32_t imod_signed_flag = 1, imod_two_pixels_flag = 16;

inline constexpr std::size_t label_count = 10, label_length = 80;

/// How pixels of a mode are stored, and the type they decode to.
struct ModeType {
  std::int32_t mode;
  Encoding encoding;
  PixelType type;
};

inline constexpr ModeType mode_types[] = {
    {0, Encoding::raw, PixelType::i8},
    {1, Encoding::raw, PixelType::i16},
    {2, Encoding::raw, PixelType::f32},
    {3, Encoding::complex_int16, PixelType::f32},
    {4, Encoding::complex_float32, PixelType::f32},
    {6, Encoding::raw, PixelType::u16},
    {12, Encoding::half, PixelType::f32},
    {101, Encoding::nibbles, PixelType::u8},
};

}  // namespace quickbeam::io::mrc
