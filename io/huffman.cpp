// SPDX-License-Identifier: BSD-3-Clause
// Builds Huffman codes from counts.
#include "io/huffman.hpp"

#include <algorithm>
#include <array>

namespace quickbeam::io {

namespace {

constexpr std::size_t max_symbols = 288;
constexpr unsigned max_depth = 32;  // counts below 2^22 cannot make a deeper tree
using LengthCounts = std::array<std::uint32_t, max_depth + 1>;

/// Count above, symbol below: sorts by count with a fixed order among equals.
constexpr std::uint32_t key_of(std::uint32_t count, std::size_t symbol) {
  return count << 9 | static_cast<std::uint32_t>(symbol);
}

/// How many codes of each length an optimal code for the sorted counts has. Two queues, leaves and
/// inner nodes, both in ascending order: each step joins the two lightest heads.
LengthCounts optimal_lengths(std::span<const std::uint32_t> sorted) {
  const std::size_t leaves = sorted.size();
  std::array<std::uint32_t, max_symbols> weight{};
  std::array<std::uint16_t, 2 * max_symbols> parent{};
  std::size_t leaf = 0, inner = 0;
  for (std::size_t node = 0; node + 1 < leaves; ++node) {
    for (int child = 0; child < 2; ++child) {
      const bool take_leaf =
          leaf < leaves && (inner == node || (sorted[leaf] >> 9) <= weight[inner]);
      weight[node] += take_leaf ? sorted[leaf] >> 9 : weight[inner];
      parent[take_leaf ? leaf++ : leaves + inner++] = static_cast<std::uint16_t>(leaves + node);
    }
  }
  LengthCounts lengths{};
  std::array<std::uint8_t, 2 * max_symbols> depth{};
  for (std::size_t i = 2 * leaves - 2; i-- > 0;) {
    depth[i] = static_cast<std::uint8_t>(depth[parent[i]] + 1);
    if (i < leaves) ++lengths[depth[i]];
  }
  return lengths;
}

/// Shortens codes beyond `longest`, then lengthens others until the code space fits again
/// (Kraft's sum, here in units of the longest code).
void limit_lengths(LengthCounts& lengths, unsigned longest) {
  for (unsigned i = longest + 1; i <= max_depth; ++i) {
    lengths[longest] += lengths[i];
    lengths[i] = 0;
  }
  std::uint32_t used = 0;
  for (unsigned i = 1; i <= longest; ++i) used += lengths[i] << (longest - i);
  for (; used > 1u << longest; --used) {
    unsigned i = longest - 1;
    while (lengths[i] == 0) --i;
    --lengths[longest];
    --lengths[i];
    lengths[i + 1] += 2;
  }
}

std::uint16_t reversed(std::uint32_t code, unsigned length) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < length; ++i) bits = bits << 1 | (code >> i & 1);
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

void make_huffman_codes(std::span<const std::uint32_t> counts, unsigned longest,
                        std::span<HuffmanCode> codes) {
  std::array<std::uint32_t, max_symbols> keys;
  std::size_t used = 0;
  std::ranges::fill(codes, HuffmanCode{});
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) keys[used++] = key_of(counts[i], i);
  if (used == 0) return;
  std::sort(keys.begin(), keys.begin() + used);
  LengthCounts lengths{};
  if (used == 1) lengths[1] = 1;
  if (used > 1) lengths = optimal_lengths({keys.data(), used});
  limit_lengths(lengths, longest);

  std::size_t next = 0;  // the rarest symbols get the longest codes
  for (unsigned length = longest; length > 0; --length)
    for (std::uint32_t n = 0; n < lengths[length]; ++n)
      codes[keys[next++] & 511].length = static_cast<std::uint8_t>(length);

  std::array<std::uint32_t, max_depth + 1> first{};
  for (unsigned length = 1; length <= longest; ++length)
    first[length] = (first[length - 1] + (length > 1 ? lengths[length - 1] : 0)) << 1;
  for (auto& code : codes)
    if (code.length != 0) code.bits = reversed(first[code.length]++, code.length);
}

}  // namespace quickbeam::io
