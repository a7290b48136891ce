// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic that lets x-CBF_BYTE_OFFSET be decoded in parallel: what a chunk of 16 bytes does
// to a decoder that enters it, and what it adds to the running sum. Exact.
//
// Codes are 1 to 15 bytes long, so a chunk is entered at one of its bytes 0 to 14: its skip. A
// chunk is then a function from skip to skip; the composition of functions is associative, so a
// scan finds every skip (Mytkowicz, Musuvathi, Schulte: "Data-Parallel Finite-State Machines",
// ASPLOS 2014; on a GPU: Stehle, Jacobsen: "ParPaRaw", PVLDB 13(5), 2020). The second scan adds up
// counts and sums.
//
// Sums are kept modulo 2^32: for pixel types of up to 32 bits, not for i64 and u64.
// Bytes behind the end of the stream count as 0 wherever a length is asked for. A code that is cut
// by the end then ends beyond it; no other one does, and no code that starts there is counted.
#pragma once

#include <cstdint>
#include <type_traits>

#include <quickbeam/core/macros.hpp>

#include "kernels/ops/byte_offset.hpp"

namespace quickbeam::kernels::ops {

inline constexpr unsigned chunk_bytes = 16;
/// The bytes from the start of a chunk that its transition depends on: a code may start at the
/// last one.
inline constexpr unsigned chunk_reach = chunk_bytes - 1 + code_head;
/// Behind so many bytes without 0x80 a code starts: the seventh byte of the longest code is 0x80,
/// eight more end it, and the other codes have fewer bytes behind their last 0x80.
inline constexpr unsigned clean_run = longest_code - code_head;

/// The eight bytes at `from`, of which `available` may be read, the others as 0.
QUICKBEAM_HD constexpr std::uint64_t load_padded(const std::uint8_t* from,
                                                 std::uint64_t available) {
  if (available >= 8) return load_little<8>(from);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < available; ++i) value |= std::uint64_t{from[i]} << (8 * i);
  return value;
}

/// A chunk and the eight bytes behind it, little-endian.
struct ChunkWindow {
  std::uint64_t word[3];

  /// The first seven bytes of a code at byte `at` of the chunk; the highest byte may be anything.
  QUICKBEAM_HD constexpr std::uint64_t head(unsigned at) const {
    const unsigned index = at / 8, shift = at % 8 * 8;
    return shift == 0 ? word[index] : word[index] >> shift | word[index + 1] << (64 - shift);
  }
};

static_assert(chunk_reach <= sizeof(ChunkWindow));

/// The window of the chunk at `chunk`; the stream ends `available` bytes from there.
QUICKBEAM_HD constexpr ChunkWindow load_window(const std::uint8_t* chunk, std::uint64_t available) {
  ChunkWindow window{};
  for (unsigned i = 0; i < 3 && 8 * i < available; ++i)
    window.word[i] = load_padded(chunk + 8 * i, available - 8 * i);
  return window;
}

/// Not 0 if one of four bytes is 0x80: the classic search for a zero byte, exact as a yes or no.
/// Of several words, the bits of all may be joined before they are looked at.
QUICKBEAM_HD constexpr std::uint32_t escape_bits(std::uint32_t bytes) {
  const std::uint32_t zero_if_escape = bytes ^ 0x80808080;
  return (zero_if_escape - 0x01010101) & ~zero_if_escape & 0x80808080;
}

/// Whether one of eight bytes is 0x80.
QUICKBEAM_HD constexpr bool has_escape(std::uint64_t bytes) {
  return (escape_bits(static_cast<std::uint32_t>(bytes)) |
          escape_bits(static_cast<std::uint32_t>(bytes >> 32))) != 0;
}

/// A function from the skip at the start of a span of chunks to the skip behind it: nibble s is
/// the image of s. Skips are 0 to 14; nibble 15 only completes the domain of composition.
struct ChunkTransition {
  std::uint64_t exits = 0;

  QUICKBEAM_HD constexpr unsigned operator()(unsigned entry) const {
    return static_cast<unsigned>(exits >> (4 * entry) & 15);
  }
  QUICKBEAM_HD friend constexpr bool operator==(ChunkTransition a, ChunkTransition b) {
    return a.exits == b.exits;
  }
};

inline constexpr ChunkTransition identity_transition{0xfedcba9876543210};

/// The transition of one chunk. A clean run at its end sends every skip to 0; so does a chunk
/// behind the end of the stream.
QUICKBEAM_HD constexpr ChunkTransition transition_of(const ChunkWindow& window) {
  static_assert(clean_run == 8, "the second word of a chunk");
  ChunkTransition result;
  if (!has_escape(window.word[1])) return result;
  for (unsigned at = chunk_bytes; at-- > 0;) {
    const unsigned end = at + code_length(window.head(at));
    const std::uint64_t exit = end >= chunk_bytes ? end - chunk_bytes : result(end);
    result.exits |= exit << (4 * at);
  }
  return result;
}

/// First `first`, then `second`. Exact and associative, not commutative. The operator of a scan.
struct ComposeTransitions {
  QUICKBEAM_HD constexpr ChunkTransition operator()(ChunkTransition first,
                                                    ChunkTransition second) const {
    ChunkTransition result;
    for (unsigned entry = 0; entry < 16; ++entry)
      result.exits |= std::uint64_t{second(first(entry))} << (4 * entry);
    return result;
  }
};

/// The codes that start in one chunk, from its entry on, in order. A loop of its own for every
/// pass: `for (Code code; codes.next(code);)`.
struct ChunkCodes {
  const std::uint8_t* chunk;
  std::uint64_t available;  ///< bytes from the start of the chunk to the end of the stream
  unsigned position;        ///< of the next code; the entry skip to begin with

  /// False when no whole code starts in the rest of the chunk.
  QUICKBEAM_HD constexpr bool next(Code& code) {
    if (position >= chunk_bytes || position >= available) return false;
    code = read_code(chunk + position, available - position);
    position += code.length;
    return code.length != 0;
  }

  /// After next has said false: whether the stream ends inside the code at `position`. True for
  /// one chunk of a stream at most.
  QUICKBEAM_HD constexpr bool cut() const { return position < chunk_bytes && position < available; }
};

/// Codes and the sum of their deltas, (sum modulo 2^32) << 32 | count, so that scans run on one
/// plain integer. Adding two is exact in both halves: no count carries as long as a stream has
/// fewer than 2^32 codes, and the sum wraps off the top.
using ChunkTotal = std::uint64_t;

QUICKBEAM_HD constexpr ChunkTotal pack_total(std::int64_t sum, std::uint32_t count) {
  return static_cast<std::uint64_t>(sum) << 32 | count;
}

QUICKBEAM_HD constexpr std::uint32_t count_of(ChunkTotal total) {
  return static_cast<std::uint32_t>(total);
}

/// The running sum behind the codes of `total`, as add_code<T> takes it. Exact up to the first
/// pixel that add_code<T> refuses.
template <class T>
QUICKBEAM_HD constexpr std::int64_t sum_of(ChunkTotal total) {
  static_assert(sizeof(T) <= 4, "sums are kept modulo 2^32");
  const auto sum = static_cast<std::uint32_t>(total >> 32);
  if constexpr (std::is_same_v<T, std::uint32_t>)
    return sum;
  else
    return static_cast<std::int32_t>(sum);
}

/// The whole codes that start in a chunk.
QUICKBEAM_HD constexpr ChunkTotal total_of(ChunkCodes codes) {
  ChunkTotal total = 0;
  for (Code code{}; codes.next(code);) total += pack_total(code.delta, 1);
  return total;
}

/// The same for a chunk without 0x80 that is entered at 0, from its bytes; those behind the end
/// of the stream are 0. A kernel may take four dp4a instead.
QUICKBEAM_HD constexpr ChunkTotal clean_total(std::uint64_t low, std::uint64_t high,
                                              std::uint64_t available) {
  std::int64_t sum = 0;
  for (unsigned i = 0; i < 8; ++i)
    sum += static_cast<std::int8_t>(low >> (8 * i)) + static_cast<std::int8_t>(high >> (8 * i));
  return pack_total(sum,
                    available < chunk_bytes ? static_cast<std::uint32_t>(available) : chunk_bytes);
}

inline constexpr unsigned unresolved_entry = 15;
inline constexpr std::uint64_t longest_walk_back = 4096;

/// The skip at `position` <= `size` of a stream, from the bytes before: back to a clean run or to
/// the start, then forward by codes. unresolved_entry when there is neither in `bound` bytes. The
/// entry is 0 wherever the eight bytes before hold no 0x80. Exact when it resolves.
QUICKBEAM_HD constexpr unsigned entry_by_walk_back(const std::uint8_t* stream, std::uint64_t size,
                                                   std::uint64_t position,
                                                   std::uint64_t bound = longest_walk_back) {
  const std::uint64_t floor = position > bound ? position - bound : 0;
  std::uint64_t start = position, at = position;
  while (start - at < clean_run && at > floor)
    if (stream[--at] == escape_byte) start = at;
  if (start - at < clean_run) {
    if (at > 0) return unresolved_entry;
    start = 0;
  }
  while (start < position) start += code_length(load_padded(stream + start, size - start));
  return static_cast<unsigned>(start - position);
}

}  // namespace quickbeam::kernels::ops
