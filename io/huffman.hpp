// SPDX-License-Identifier: BSD-3-Clause
// Length-limited canonical Huffman codes as deflate uses them (RFC 1951 section 3.2.2).
#pragma once

#include <cstdint>
#include <span>

namespace quickbeam::io {

/// One code: `bits` in the order deflate sends them, first bit lowest.
struct HuffmanCode {
  std::uint16_t bits = 0;
  std::uint8_t length = 0;  ///< 0 = symbol not used
};

/// Codes for symbols that occur `counts[i]` times, none longer than `longest` bits. Complete when
/// two symbols or more occur; a single one gets one bit.
/// Preconditions: at most 288 symbols, as many codes; 2^longest of them fit; counts below 2^22.
void make_huffman_codes(std::span<const std::uint32_t> counts, unsigned longest,
                        std::span<HuffmanCode> codes);

}  // namespace quickbeam::io
