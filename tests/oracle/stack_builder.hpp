// SPDX-License-Identifier: BSD-3-Clause
// Builds MRC and Spider files word by word, right ones and wrong ones; shares no code with the
// readers or the writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace quickbeam::oracle {

/// Appends or sets numbers in a chosen byte order, digit by digit.
struct Bytes {
  std::string text;
  bool big = false;

  void set(std::size_t offset, std::uint64_t bits, std::size_t bytes) {
    if (text.size() < offset + bytes) text.resize(offset + bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
      text[offset + i] = static_cast<char>(bits >> (8 * (big ? bytes - 1 - i : i)) & 0xff);
  }
  void add(std::uint64_t bits, std::size_t bytes) { set(text.size(), bits, bytes); }
  /// Word numbers count from 1.
  void word(std::size_t number, std::int64_t value) {
    set(4 * (number - 1), static_cast<std::uint64_t>(value), 4);
  }
  void real(std::size_t number, float value) { set(4 * (number - 1), bits_of(value), 4); }
  void add_real(float value) { add(bits_of(value), 4); }

  static std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
  }
};

inline std::span<const std::byte> as_span(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Pixel i of a test image: unlike its neighbours, whole, of either sign, and in [-50, 50].
inline int pixel_at(std::int64_t i) { return static_cast<int>(i * 37 % 101) - 50; }

/// An MRC file of the given mode; pixels are pixel_at(0), pixel_at(1), ... (modes 0, 6 and 101
/// without their sign).
struct MrcShape {
  int nx = 4, ny = 3, nz = 2, mode = 2;
  bool big = false;
};

inline Bytes mrc_file(const MrcShape& shape) {
  Bytes file;
  file.big = shape.big;
  file.text.assign(1024, '\0');
  const std::int64_t header[][2] = {{1, shape.nx}, {2, shape.ny}, {3, shape.nz}, {4, shape.mode},
                                    {8, shape.nx}, {9, shape.ny}, {10, 1},       {17, 1},
                                    {18, 2},       {19, 3},       {23, 0},       {28, 20141}};
  for (const auto& [word, value] : header) file.word(static_cast<std::size_t>(word), value);
  for (const std::size_t word : {11u, 12u, 13u})
    file.real(word, 1.5F * static_cast<float>(word == 13 ? 1 : word == 11 ? shape.nx : shape.ny));
  file.real(20, -50);
  file.real(21, 50);
  file.real(22, 0);
  file.real(55, 30);
  file.text.replace(208, 4, "MAP ");
  file.text.replace(212, 4, shape.big ? std::string("\x11\x11\0\0", 4) : std::string("DD\0\0", 4));
  std::int64_t i = 0;
  for (int row = 0; row < shape.ny * shape.nz; ++row)
    for (int x = 0; x < shape.nx; ++x, ++i) {
      const int value = pixel_at(i);
      const auto magnitude = static_cast<unsigned>(value < 0 ? -value : value);
      const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
      switch (shape.mode) {
        case 0:
          file.add(magnitude, 1);
          break;
        case 1:
          file.add(bits, 2);
          break;
        case 3:
          file.add(3 * bits, 2);
          file.add(4 * bits, 2);
          break;
        case 4:
          file.add_real(static_cast<float>(3 * value));
          file.add_real(static_cast<float>(4 * value));
          break;
        case 6:
          file.add(magnitude * 1000, 2);
          break;
        case 12:  // 0x4c00 is 16, so that 0x4c00 + n is 16 + n / 64
          file.add(0x4c00U + magnitude, 2);
          break;
        case 101:
          if (x % 2 == 0)
            file.add(magnitude & 15U, 1);
          else
            file.text.back() = static_cast<char>(file.text.back() | (magnitude & 15U) << 4);
          break;
        default:
          file.add_real(static_cast<float>(value));
      }
    }
  return file;
}

/// What mrc_file's pixel i reads as.
inline double mrc_value(const MrcShape& shape, std::int64_t i) {
  const int value = pixel_at(i);
  const int magnitude = value < 0 ? -value : value;
  switch (shape.mode) {
    case 0:
      return magnitude;
    case 3:
    case 4:
      return 5 * magnitude;
    case 6:
      return 1000 * magnitude;
    case 12:
      return 16 + magnitude / 64.0;
    case 101:
      return magnitude & 15;
    default:
      return value;
  }
}

/// A Spider file of float pixels pixel_at(0), ...; `images` 0 = no stack.
struct SpiderShape {
  int nx = 4, ny = 3, nz = 1, images = 2;
  bool big = false;
};

/// Bytes of a header: the fewest whole records of 4 nx bytes that hold 1,024.
inline int spider_header_bytes(int nx) {
  int bytes = 0;
  while (bytes < 1024) bytes += 4 * nx;
  return bytes;
}

inline void spider_header(Bytes& file, const SpiderShape& shape, std::size_t at, int number) {
  Bytes header;
  header.big = shape.big;
  const int size = spider_header_bytes(shape.nx), records = size / (4 * shape.nx);
  header.text.assign(static_cast<std::size_t>(size), '\0');
  const bool is_main = number == 0 && shape.images > 0;
  const int words[][2] = {{1, shape.nz},
                          {2, shape.ny},
                          {3, records + shape.ny * shape.nz},
                          {5, shape.nz > 1 ? 3 : 1},
                          {10, -1},
                          {12, shape.nx},
                          {13, records},
                          {22, size},
                          {23, 4 * shape.nx},
                          {24, is_main ? 2 : 0},
                          {26, is_main ? shape.images : 0},
                          {27, number}};
  for (const auto& [word, value] : words)
    header.real(static_cast<std::size_t>(word), static_cast<float>(value));
  if (file.text.size() < at) file.text.resize(at, '\0');
  file.text.replace(at, std::string::npos, header.text);
}

inline Bytes spider_file(const SpiderShape& shape) {
  Bytes file;
  file.big = shape.big;
  spider_header(file, shape, 0, 0);
  std::int64_t i = 0;
  for (int image = 0; image < (shape.images > 0 ? shape.images : 1); ++image) {
    if (shape.images > 0) spider_header(file, shape, file.text.size(), image + 1);
    for (int k = 0; k < shape.nx * shape.ny * shape.nz; ++k, ++i)
      file.add_real(static_cast<float>(pixel_at(i)));
  }
  return file;
}

}  // namespace quickbeam::oracle
