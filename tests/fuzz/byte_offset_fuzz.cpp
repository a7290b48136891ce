// SPDX-License-Identifier: BSD-3-Clause
// Differential fuzzing of byte-offset decoding: every SIMD target against the serial decoder. The
// first bytes cut the pixels into calls of read() and choose the type, the rest is the stream.
#include <hwy/targets.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <span>
#include <vector>

#include "kernels/byte_offset.hpp"
#include "tests/kernels/byte_offset_cases.hpp"

namespace {

using namespace quickbeam;
using tests::Outcome;
using tests::Piece;

constexpr std::size_t head = 5;

/// Pieces of two lengths and slacks in turn, together a few pixels more or fewer than `bytes`.
std::vector<Piece> pieces_of(const std::uint8_t* choice, std::size_t bytes) {
  const std::size_t total = bytes * 2 / 3 + choice[2];
  std::vector<Piece> pieces;
  for (std::size_t done = 0; done < total && pieces.size() < 1000;) {
    const std::size_t odd = pieces.size() % 2;
    const std::size_t length = choice[odd] == 255 ? total : choice[odd];
    const std::size_t count = std::min(length + 1, total - done);
    pieces.push_back({count, std::size_t{choice[3]} >> (odd * 2)});
    done += count;
  }
  return pieces;
}

void expect_equal(const Outcome& expected, const Outcome& got, PixelType type, const char* target) {
  if (got == expected && !got.overran) return;
  std::cerr << name_of(type) << " on " << target << ":\nserial: " << expected << "\nSIMD:   " << got
            << '\n';
  std::abort();
}

/// Asked once: the answer costs as much as decoding a small stream.
const std::int64_t supported_targets = hwy::SupportedTargets();

void compare_targets(std::span<const std::uint8_t> stream, PixelType type,
                     const std::vector<Piece>& pieces) {
  const Outcome expected = tests::decode<kernels::SerialByteOffsetDecoder>(stream, type, pieces);
  for (std::int64_t left = supported_targets; left != 0; left &= left - 1) {
    const std::int64_t target = left & -left;
    hwy::SetSupportedTargetsForTest(target);
    const Outcome got = tests::decode<kernels::ByteOffsetDecoder>(stream, type, pieces);
    expect_equal(expected, got, type, hwy::TargetName(target));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < head) return 0;
  const std::span<const std::uint8_t> stream(data + head, size - head);
  const auto pieces = pieces_of(data, stream.size());
  const unsigned choice = data[head - 1];
  for (std::size_t i = 0; i < std::size(tests::integer_types); ++i)
    if (choice == 0xff || choice % std::size(tests::integer_types) == i)
      compare_targets(stream, tests::integer_types[i], pieces);
  return 0;
}
