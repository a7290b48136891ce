// SPDX-License-Identifier: BSD-3-Clause
// The passes of a parallel byte-offset decoder, as plain loops on the host: the order of scans and
// tiles that a GPU would have, around the arithmetic that it would run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "kernels/ops/byte_offset_chunk.hpp"
#include "tests/kernels/byte_offset_cases.hpp"

namespace quickbeam::tests {

namespace ops = kernels::ops;

/// How the skip of every chunk is found: by scans of transitions, or by walking back.
enum class Resolution { scans, walk_back };

/// A shape of the grid: threads of a block, each with a chunk of 16 bytes.
struct Grid {
  std::size_t tile_chunks = 256;
  std::uint64_t walk_bound = ops::longest_walk_back;
};

/// The scan of Hillis and Steele, inclusive: all steps of one distance at once, then twice the
/// distance.
template <class Value, class Op>
void inclusive_scan_steps(std::vector<Value>& values, Op op) {
  for (std::size_t distance = 1; distance < values.size(); distance *= 2) {
    const std::vector<Value> before = values;
    for (std::size_t i = distance; i < values.size(); ++i)
      values[i] = op(before[i - distance], before[i]);
  }
}

/// Every value replaced by what is before it, scanned by reduce-then-scan: tiles alone, then the
/// totals of tiles, then both together.
template <class Value, class Op>
std::vector<Value> exclusive_tile_scan(std::vector<Value> values, std::size_t tile, Value zero,
                                       Op op) {
  std::vector<Value> totals, result;
  for (std::size_t first = 0; first < values.size(); first += tile) {
    const std::size_t last = std::min(first + tile, values.size());
    std::vector<Value> one(values.begin() + std::ptrdiff_t(first),
                           values.begin() + std::ptrdiff_t(last));
    inclusive_scan_steps(one, op);
    std::copy(one.begin(), one.end(), values.begin() + std::ptrdiff_t(first));
    totals.push_back(one.back());
  }
  inclusive_scan_steps(totals, op);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value of_tiles = i < tile ? zero : totals[i / tile - 1];
    result.push_back(op(of_tiles, i % tile == 0 ? zero : values[i - 1]));
  }
  return result;
}

/// One stream on its way through the passes.
class DecodePasses {
 public:
  DecodePasses(std::span<const std::uint8_t> bytes, Grid grid)
      : grid_(grid), size_(bytes.size()), stream_(std::make_unique<std::uint8_t[]>(size_)) {
    // Memory of the exact size, so that a sanitizer sees every byte too far.
    std::copy(bytes.begin(), bytes.end(), stream_.get());
  }

  std::size_t chunks() const { return (size_ + ops::chunk_bytes - 1) / ops::chunk_bytes; }

  /// The skip of every chunk; by walking back it may be unresolved_entry.
  std::vector<unsigned> entries(Resolution resolution) const {
    return resolution == Resolution::scans ? entries_by_scans() : entries_by_walk_back();
  }

  /// All that the serial decoder tells of `pixels` pixels of type T.
  template <class T>
  Outcome decode(const std::vector<unsigned>& entries, std::uint64_t pixels) const {
    const std::vector<ops::ChunkTotal> before = prefixes(entries);
    Findings found;
    Outcome outcome;
    outcome.pixels.assign(std::min<std::uint64_t>(pixels, size_), 0);
    // Backwards, because no chunk may depend on what another one found.
    for (std::size_t i = chunks(); i-- > 0;)
      decode_chunk<T>(codes(i, entries[i]), i, before[i], pixels, outcome.pixels, found);
    conclude(found, ops::count_of(before.back()), pixels, outcome);
    return outcome;
  }

 private:
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

  /// What chunks report apart from pixels; the least of each wins.
  struct Findings {
    std::uint64_t wrapped = none;                    ///< pixel
    std::uint64_t refused = none, refused_byte = 0;  ///< pixel that does not fit, its code
    std::uint64_t surplus_byte = none;               ///< first code beyond the last pixel
    std::uint64_t cut_byte = none;                   ///< code that the end of the stream cuts
  };

  ops::ChunkCodes codes(std::size_t chunk, unsigned entry) const {
    const std::uint64_t start = chunk * ops::chunk_bytes;
    return {stream_.get() + start, size_ - start, entry};
  }

  ops::ChunkWindow window(std::size_t chunk) const {
    const ops::ChunkCodes at = codes(chunk, 0);
    return ops::load_window(at.chunk, at.available);
  }

  std::vector<unsigned> entries_by_scans() const {
    std::vector<ops::ChunkTransition> transitions;
    for (std::size_t i = 0; i < chunks(); ++i) transitions.push_back(ops::transition_of(window(i)));
    transitions = exclusive_tile_scan(transitions, grid_.tile_chunks, ops::identity_transition,
                                      ops::ComposeTransitions());
    std::vector<unsigned> result;
    for (const auto& transition : transitions) result.push_back(transition(0));
    return result;
  }

  std::vector<unsigned> entries_by_walk_back() const {
    std::vector<unsigned> result;
    for (std::uint64_t at = 0; at < size_; at += ops::chunk_bytes)
      result.push_back(ops::entry_by_walk_back(stream_.get(), size_, at, grid_.walk_bound));
    return result;
  }

  /// The totals before every chunk, and behind the last one.
  std::vector<ops::ChunkTotal> prefixes(const std::vector<unsigned>& entries) const {
    std::vector<ops::ChunkTotal> totals;
    for (std::size_t i = 0; i < chunks(); ++i) totals.push_back(total(i, entries[i]));
    totals.push_back(0);
    return exclusive_tile_scan(totals, grid_.tile_chunks, ops::ChunkTotal{0},
                               [](auto a, auto b) { return a + b; });
  }

  ops::ChunkTotal total(std::size_t chunk, unsigned entry) const {
    const ops::ChunkWindow bytes = window(chunk);
    const auto at = codes(chunk, entry);
    const bool clean =
        !ops::has_escape(bytes.word[0]) && !ops::has_escape(bytes.word[1]) && entry == 0;
    return clean ? ops::clean_total(bytes.word[0], bytes.word[1], at.available) : ops::total_of(at);
  }

  template <class T>
  static void decode_chunk(ops::ChunkCodes codes, std::size_t chunk, ops::ChunkTotal before,
                           std::uint64_t pixels, std::vector<std::int64_t>& out, Findings& found) {
    const std::uint64_t start = chunk * ops::chunk_bytes;
    std::int64_t value = ops::sum_of<T>(before);
    std::uint64_t pixel = ops::count_of(before), byte = start + codes.position;
    for (ops::Code code{}; codes.next(code); ++pixel, byte = start + codes.position) {
      if (pixel == pixels) found.surplus_byte = byte;
      if (pixel >= pixels) continue;
      const auto result = ops::add_code<T>(value, code);
      if (result == ops::SumResult::out_of_range) {
        if (pixel < found.refused) found.refused = pixel, found.refused_byte = byte;
        return;
      }
      if (result == ops::SumResult::wrapped) found.wrapped = std::min(found.wrapped, pixel);
      out[pixel] = value;
    }
    if (codes.cut()) found.cut_byte = byte;
  }

  /// Turns findings into what the serial decoder says, which meets them one after the other.
  void conclude(const Findings& found, std::uint64_t total, std::uint64_t pixels,
                Outcome& outcome) const {
    using kernels::StreamFault;
    auto& status = outcome.status;
    const auto fault = [&](StreamFault which, std::uint64_t pixel, std::uint64_t byte) {
      status.fault = which;
      status.pixel = pixel;
      status.byte = byte;
    };
    const std::uint64_t cut = std::min<std::uint64_t>(found.cut_byte, size_);
    if (found.refused != none)
      fault(StreamFault::out_of_range, found.refused, found.refused_byte);
    else if (total > pixels)
      fault(StreamFault::bytes_left, pixels, found.surplus_byte);
    else if (total == pixels && cut < size_)
      fault(StreamFault::bytes_left, pixels, cut);
    else if (total < pixels)
      fault(cut < size_ ? StreamFault::ends_in_escape : StreamFault::ends_early, total, cut);
    outcome.finished = status.fault == StreamFault::none;
    outcome.count = outcome.finished ? pixels : status.pixel;
    outcome.position = outcome.finished ? size_ : status.byte;
    outcome.pixels.resize(outcome.count);
    status.wrapped = found.wrapped < outcome.count;
    status.wrapped_pixel = status.wrapped ? found.wrapped : 0;
  }

  Grid grid_;
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> stream_;
};

}  // namespace quickbeam::tests
