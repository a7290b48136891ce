// SPDX-License-Identifier: BSD-3-Clause
// Three passes over a block of tokens that stays in the L1 and L2 caches: split, count, send.
#include "io/deflate_rle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include <libdeflate.h>

#include "io/huffman.hpp"

namespace quickbeam::io {

namespace {

static_assert(std::endian::native == std::endian::little, "bits leave through 8-byte stores");

// A token below 256 is a literal; 256 + n is a run that repeats the byte before it n + 3 times.
using Token = std::uint16_t;
constexpr std::size_t token_kinds = 512, block_tokens = 8192;
constexpr std::size_t shortest_run = 3, longest_run = 258;
constexpr std::size_t end_of_block = 256, literal_symbols = 286, distance_symbols = 2;
// Of a block: its header below 400 bytes, no token longer than 15 + 5 + 1 bits.
constexpr std::size_t block_bytes = 512 + block_tokens * 21 / 8;

struct RunCode {
  std::uint16_t symbol;
  std::uint8_t extra_bits;
  std::uint8_t extra;
};

/// RFC 1951 section 3.2.5: lengths 3 to 257 in groups of 8, 8, 8... codes, 258 by itself.
constexpr std::array<RunCode, 256> make_run_codes() {
  std::array<RunCode, 256> codes{};
  for (unsigned n = 0; n < 255; ++n) {
    unsigned bits = 0;
    while ((n >> bits) >= 8) ++bits;
    codes[n] = {static_cast<std::uint16_t>(257 + 4 * bits + (n >> bits)),
                static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(n & ((1u << bits) - 1))};
  }
  codes[255] = {285, 0, 0};
  return codes;
}
constexpr auto run_codes = make_run_codes();

/// Writes bits, lowest first. The buffer has room for 8 bytes more than are written.
class BitWriter {
 public:
  BitWriter(Buffer<std::byte>& out, std::size_t position) : out_(out), at_(position) {}
  void reserve(std::size_t bytes) {
    if (at_ + bytes > out_.size()) out_.grow(std::max(at_ + bytes, 2 * out_.size()));
  }
  /// Up to 56 bits between two flushes.
  void add(std::uint64_t bits, unsigned count) {
    pending_ |= bits << pending_count_;
    pending_count_ += count;
  }
  void flush() {
    std::memcpy(out_.data() + at_, &pending_, sizeof pending_);
    at_ += pending_count_ / 8;
    pending_ >>= pending_count_ & ~7u;
    pending_count_ &= 7;
  }
  void put(std::uint64_t bits, unsigned count) {
    add(bits, count);
    flush();
  }
  void align() { put(0, (8 - pending_count_) & 7); }
  std::size_t position() const { return at_; }

 private:
  Buffer<std::byte>& out_;
  std::size_t at_;
  std::uint64_t pending_ = 0;
  unsigned pending_count_ = 0;
};

/// Code lengths as they are sent: 0 to 15 themselves, 17 and 18 for runs of zeros.
struct LengthSequence {
  std::array<std::uint8_t, literal_symbols + distance_symbols> symbol, extra;
  std::array<std::uint32_t, 19> counts{};
  std::size_t size = 0;

  void append(std::uint8_t s, std::size_t repeat) {
    symbol[size] = s;
    extra[size++] = static_cast<std::uint8_t>(repeat);
    ++counts[s];
  }
  void append_zeros(std::size_t n) {
    for (; n >= 11; n -= std::min<std::size_t>(n, 138))
      append(18, std::min<std::size_t>(n, 138) - 11);
    if (n >= 3) return append(17, n - 3);
    for (; n > 0; --n) append(0, 0);
  }
};

LengthSequence sequence_of(std::span<const HuffmanCode> codes) {
  LengthSequence sequence;
  std::size_t zeros = 0;
  for (const auto& code : codes) {
    if (code.length == 0) {
      ++zeros;
      continue;
    }
    sequence.append_zeros(std::exchange(zeros, 0));
    sequence.append(code.length, 0);
  }
  for (std::size_t i = 0; i < distance_symbols; ++i) sequence.append(1, 0);
  return sequence;
}

/// RFC 1951 section 3.2.7. Two distance codes of one bit each; only distance 1 (code 0) is used.
void put_codes(BitWriter& writer, std::span<const HuffmanCode, literal_symbols> codes) {
  std::size_t literals = literal_symbols;
  while (codes[literals - 1].length == 0) --literals;  // end of block is always used
  const LengthSequence sequence = sequence_of(codes.first(literals));
  std::array<HuffmanCode, 19> code;
  make_huffman_codes(sequence.counts, 7, code);

  constexpr std::array<std::uint8_t, 19> order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                  11, 4,  12, 3, 13, 2, 14, 1, 15};
  writer.put(literals - 257, 5);
  writer.put(distance_symbols - 1, 5);
  writer.put(order.size() - 4, 4);
  for (const std::uint8_t symbol : order) writer.put(code[symbol].length, 3);
  for (std::size_t i = 0; i < sequence.size; ++i) {
    const std::uint8_t symbol = sequence.symbol[i];
    writer.add(code[symbol].bits, code[symbol].length);
    writer.put(sequence.extra[i], symbol == 17 ? 3 : symbol == 18 ? 7 : 0);
  }
}

/// Everything that is sent for one token.
struct TokenCode {
  std::uint32_t bits;
  std::uint32_t count;
};

std::array<TokenCode, token_kinds> token_codes(
    std::span<const HuffmanCode, literal_symbols> codes) {
  std::array<TokenCode, token_kinds> table;
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = {codes[i].bits, codes[i].length};
    const auto [symbol, extra_bits, extra] = run_codes[i];
    const HuffmanCode code = codes[symbol];
    table[256 + i] = {code.bits | std::uint32_t{extra} << code.length,
                      code.length + extra_bits + 1u};  // + 1: the distance code, a 0
  }
  return table;
}

/// Two tables, because equal neighbours would wait for each other's store.
std::array<std::uint32_t, literal_symbols> count_symbols(std::span<const Token> tokens) {
  std::array<std::uint32_t, token_kinds> even{}, odd{};
  std::size_t i = 0;
  for (; i + 1 < tokens.size(); i += 2) {
    ++even[tokens[i]];
    ++odd[tokens[i + 1]];
  }
  if (i < tokens.size()) ++even[tokens[i]];
  std::array<std::uint32_t, literal_symbols> counts{};
  for (std::size_t k = 0; k < 256; ++k) {
    counts[k] += even[k] + odd[k];
    counts[run_codes[k].symbol] += even[256 + k] + odd[256 + k];
  }
  counts[end_of_block] = 1;
  return counts;
}

void put_block(BitWriter& writer, std::span<const Token> tokens, bool last) {
  std::array<HuffmanCode, literal_symbols> codes;
  make_huffman_codes(count_symbols(tokens), 15, codes);
  writer.reserve(block_bytes);
  writer.put(last ? 1 : 0, 1);
  writer.put(2, 2);  // dynamic Huffman codes
  put_codes(writer, codes);
  const auto table = token_codes(codes);
  std::size_t i = 0;
  for (; i + 1 < tokens.size(); i += 2) {
    const TokenCode first = table[tokens[i]], second = table[tokens[i + 1]];
    writer.add(first.bits, first.count);
    writer.add(second.bits, second.count);
    writer.flush();
  }
  if (i < tokens.size()) writer.put(table[tokens[i]].bits, table[tokens[i]].count);
  writer.put(codes[end_of_block].bits, codes[end_of_block].length);
}

/// Appends the tokens of pixels [begin, end) of a row; runs stay inside it.
Token* split(const std::uint8_t* pixels, std::size_t begin, std::size_t end, Token* out) {
  std::size_t x = begin;
  while (x < end) {
    std::uint32_t four = 0;
    const bool room = x > begin && x + shortest_run <= end;
    if (room) std::memcpy(&four, pixels + x - 1, sizeof four);
    if (!room || four != (four & 255u) * 0x01010101u) {
      *out++ = pixels[x++];
      continue;
    }
    const std::size_t limit = std::min(end, x + longest_run);
    std::size_t stop = x + shortest_run;
    while (stop < limit && pixels[stop] == pixels[x]) ++stop;
    *out++ = static_cast<Token>(256 + stop - x - shortest_run);
    x = stop;
  }
  return out;
}

}  // namespace

std::span<const std::byte> deflate_rows(ImageView<const std::uint8_t> rows,
                                        Buffer<std::byte>& out) {
  std::array<Token, block_tokens> tokens;
  out.resize(std::max(out.capacity(), block_bytes + 64));
  BitWriter writer(out, 0);
  writer.put(0x0178, 16);  // RFC 1950: window 32 KiB, fastest
  const auto width = static_cast<std::size_t>(rows.extent.width);
  constexpr std::uint8_t no_filter = 0;
  std::uint32_t adler = 1;
  Token* next = tokens.data();
  Token* const end = next + tokens.size();
  for (std::int64_t y = 0; y < rows.extent.height; ++y) {
    const std::uint8_t* const row = rows.row(y);
    adler = libdeflate_adler32(adler, &no_filter, 1);
    adler = libdeflate_adler32(adler, row, width);
    const auto send_if_full = [&] {
      if (next != end) return;
      put_block(writer, tokens, false);
      next = tokens.data();
    };
    send_if_full();
    *next++ = no_filter;
    for (std::size_t x = 0; x < width;) {
      send_if_full();
      const std::size_t part = std::min(width - x, static_cast<std::size_t>(end - next));
      next = split(row, x, x + part, next);
      x += part;
    }
  }
  put_block(writer, {tokens.data(), next}, true);
  writer.align();
  writer.reserve(16);
  writer.put(__builtin_bswap32(adler), 32);
  return out.span().first(writer.position());
}

}  // namespace quickbeam::io
