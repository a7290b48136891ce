// SPDX-License-Identifier: BSD-3-Clause
// One code of x-CBF_BYTE_OFFSET: how long it is, what it adds, and what the sum becomes. Exact.
// A delta is an int8; 0x80 announces an int16, 0x8000 in there an int32, 0x80000000 in there an
// int64, all little-endian (CBFlib manual, section 3.3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels::ops {

inline constexpr std::uint8_t escape_byte = 0x80;
inline constexpr unsigned longest_code = 15;
/// The first so many bytes of a code tell its length.
inline constexpr unsigned code_head = 7;

/// `bytes` bytes as an unsigned number; compilers make one load of it.
template <unsigned bytes>
QUICKBEAM_HD constexpr std::uint64_t load_little(const std::uint8_t* from) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{from[i]} << (8 * i);
  return value;
}

/// Length of the code whose first seven bytes are the low bytes of `head`. Bytes that are not
/// there count as 0: a code that is cut then shows a length beyond the end.
QUICKBEAM_HD constexpr unsigned code_length(std::uint64_t head) {
  if ((head & 0xff) != escape_byte) return 1;
  if ((head >> 8 & 0xffff) != 0x8000) return 3;
  if ((head >> 24 & 0xffffffff) != 0x80000000) return 7;
  return 15;
}

/// What one code adds to the sum. `length` is 0 when the stream ends inside the code.
struct Code {
  std::int64_t delta;
  unsigned length;
};

/// The code at `from`, of which `available` >= 1 bytes may be read.
QUICKBEAM_HD constexpr Code read_code(const std::uint8_t* from, std::uint64_t available) {
  if (from[0] != escape_byte) return {static_cast<std::int8_t>(from[0]), 1};
  if (available < 3) return {0, 0};
  const auto two = static_cast<std::int16_t>(load_little<2>(from + 1));
  if (two != INT16_MIN) return {two, 3};
  if (available < 7) return {0, 0};
  const auto four = static_cast<std::int32_t>(load_little<4>(from + 3));
  if (four != INT32_MIN) return {four, 7};
  if (available < 15) return {0, 0};
  return {static_cast<std::int64_t>(load_little<8>(from + 7)), 15};
}

// Variables, because device code cannot call the functions of numeric_limits.
template <class T>
inline constexpr std::int64_t lowest = std::numeric_limits<T>::min();
template <class T>
inline constexpr std::int64_t highest = std::numeric_limits<T>::max();

enum class SumResult : std::uint8_t { exact, wrapped, out_of_range };

/// Adds the delta of a code to the running sum `value` of pixels of type T (u64: modulo 2^64).
/// Leaves `value` alone when the result is out_of_range.
template <class T>
QUICKBEAM_HD constexpr SumResult add_code(std::int64_t& value, Code code) {
  const auto a = static_cast<std::uint64_t>(value), b = static_cast<std::uint64_t>(code.delta);
  const std::uint64_t sum = a + b;
  if constexpr (sizeof(T) == 8) {
    value = static_cast<std::int64_t>(sum);
    // Signed: both terms have the sign that the sum lacks. Unsigned: up and smaller, or down and
    // larger.
    const bool left = std::is_signed_v<T> ? ((a ^ sum) & (b ^ sum)) >> 63 != 0
                                          : (code.delta < 0 ? sum > a : sum < a);
    return left ? SumResult::wrapped : SumResult::exact;
  } else {
    // |value| < 2^32, so within this span the sum below is exact.
    constexpr std::int64_t span = 0xffffffff;
    if (code.length == longest_code && (code.delta > span || code.delta < -span))
      return SumResult::out_of_range;
    const auto exact = static_cast<std::int64_t>(sum);
    if (exact >= lowest<T> && exact <= highest<T>) {
      value = exact;
      return SumResult::exact;
    }
    if constexpr (sizeof(T) < 4) return SumResult::out_of_range;
    value = static_cast<T>(static_cast<std::uint32_t>(exact));
    return SumResult::wrapped;
  }
}

}  // namespace quickbeam::kernels::ops
