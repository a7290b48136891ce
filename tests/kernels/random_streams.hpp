// SPDX-License-Identifier: BSD-3-Clause
// Random byte-offset streams, from ordinary to hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

#include "tests/kernels/byte_offset_cases.hpp"

namespace quickbeam::tests {

/// Small deltas, and bytes 0x80 in the given share.
inline Bytes random_stream(std::size_t size, double escape_share, int spread,
                           std::mt19937_64& random) {
  Bytes bytes(size);
  std::bernoulli_distribution escape(escape_share);
  std::uniform_int_distribution<int> delta(-spread, spread);
  for (auto& byte : bytes) byte = escape(random) ? 0x80 : static_cast<std::uint8_t>(delta(random));
  return bytes;
}

/// Letters of an alphabet.
inline Bytes random_word_of(std::span<const std::uint8_t> alphabet, std::size_t size,
                            std::mt19937_64& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = alphabet[random() % alphabet.size()];
  return bytes;
}

/// Small deltas in codes of the first `widths` widths, cut at `size` bytes; now and then the whole
/// width, which wraps or is refused.
inline Bytes random_codes(std::size_t size, unsigned widths, std::mt19937_64& random) {
  Bytes bytes;
  while (bytes.size() < size) {
    const int width = 1 << random() % widths;
    const auto bits = static_cast<std::int64_t>(random());
    const int kept = random() % 256 == 0 ? 8 * width : random() % 16 == 0 && width > 3 ? 32 : 4;
    append_code(bytes, bits >> (64 - kept), width);
    if (random() % 8 == 0) bytes.insert(bytes.end(), random() % 60, 1);
  }
  bytes.resize(size);
  return bytes;
}

/// `prefix` ordinary bytes, then `pattern` again and again up to `size` bytes.
inline Bytes repeated(std::size_t prefix, const Bytes& pattern, std::size_t size) {
  Bytes bytes(prefix, 1);
  while (bytes.size() < size) bytes.push_back(pattern[(bytes.size() - prefix) % pattern.size()]);
  return bytes;
}

/// Patterns that decoders lose their place in.
inline const std::vector<Bytes> patterns = {
    {0x80},
    {0x80, 0x00},
    {0x80, 0x00, 0x80},
    {0x80, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80},
    codes({{1, 2}}),
    codes({{1, 4}}),
    codes({{1, 8}}),
    codes({{-1, 8}, {1, 1}}),
    codes({{INT32_MIN, 8}, {INT32_MAX, 4}}),
    codes({{1, 8}, {1, 4}, {1, 2}, {1, 1}}),
};

}  // namespace quickbeam::tests
