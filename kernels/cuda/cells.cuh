// SPDX-License-Identifier: BSD-3-Clause
// What is gathered of the pixels of a cell, by many threads at once, for each kind of reduction.
//
// Every kind has: the `Value` of a cell, `empty` to begin with; whether there is a note of 32 bits
// beside it; `add` for a pixel, to which masked_value adds nothing; `add_masked` for the number of
// masked ones; `commit` of what was added to its cell; and `part`, a gathered cell as a part of a
// window. Valid pixels are not negative, and `saturation` is not below masked_value.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/ops/window_part.hpp"

namespace quickbeam::kernels::cuda {

inline constexpr std::uint32_t saturated_note = 0x80000000;

template <class W>
struct MaxCells {
  using Value = std::conditional_t<sizeof(W) == 8, long long, int>;  // as atomicMax takes it
  static constexpr Value empty = masked_value<W>();
  static constexpr bool noted = false;
  Value best = empty;

  __device__ void add(W pixel, W) { best = max(best, static_cast<Value>(pixel)); }
  __device__ void add_masked(unsigned) {}
  __device__ void commit(Value* value, std::uint32_t*) const { atomicMax(value, best); }
  template <class Part>
  __device__ static Part part(Value value, std::uint32_t, std::int64_t, W saturation) {
    return {static_cast<W>(value), value != empty && value > saturation};
  }
};

/// As an unsigned number, masked_value is above all valid ones.
template <class W>
struct MinCells {
  using Value = std::conditional_t<sizeof(W) == 8, unsigned long long, unsigned>;
  static constexpr Value empty = static_cast<Value>(masked_value<W>());
  static constexpr bool noted = true;
  Value best = empty;
  bool saturated = false;

  __device__ void add(W pixel, W saturation) {
    best = min(best, static_cast<Value>(pixel));
    saturated |= pixel > saturation;
  }
  __device__ void add_masked(unsigned) {}
  __device__ void commit(Value* value, std::uint32_t* note) const {
    atomicMin(value, best);
    if (saturated) atomicOr(note, saturated_note);
  }
  template <class Part>
  __device__ static Part part(Value value, std::uint32_t note, std::int64_t, W) {
    return {static_cast<W>(value), note != 0};
  }
};

/// Masked pixels are counted, not valid ones: most runs have none, so that they save an addition.
template <class W>
struct SumCells {
  using Value = unsigned long long;
  static constexpr Value empty = 0;
  static constexpr bool noted = true;
  Value sum = 0;
  std::uint32_t masked = 0;
  bool saturated = false;

  __device__ void add(W pixel, W saturation) {
    sum += static_cast<Value>(max(pixel, W{0}));
    saturated |= pixel > saturation;
  }
  __device__ void add_masked(unsigned count) { masked += count; }
  /// In shared memory only additions of 32 bits are one instruction.
  __device__ void commit(Value* value, std::uint32_t* note) const {
    auto* const words = reinterpret_cast<std::uint32_t*>(value);
    const auto low = static_cast<std::uint32_t>(sum);
    auto high = static_cast<std::uint32_t>(sum >> 32);
    if (low != 0 && atomicAdd(words, low) + low < low) ++high;
    if (high != 0) atomicAdd(words + 1, high);
    if (masked != 0) atomicAdd(note, masked);
    if (saturated) atomicOr(note, saturated_note);
  }
  template <class Part>
  __device__ static Part part(Value value, std::uint32_t note, std::int64_t pixels, W) {
    return {static_cast<std::int64_t>(value), pixels - (note & ~saturated_note),
            (note & saturated_note) != 0};
  }
};

template <class Part>
struct CellsForPart;
template <class W>
struct CellsForPart<ops::FoldPart<W, Fold::max>> {
  using type = MaxCells<W>;
};
template <class W>
struct CellsForPart<ops::FoldPart<W, Fold::min>> {
  using type = MinCells<W>;
};
template <class W, ops::SumKind kind>
struct CellsForPart<ops::SumPart<W, kind>> {
  using type = SumCells<W>;
};
/// The kind of cells whose parts are `Part`.
template <class Part>
using CellsFor = typename CellsForPart<Part>::type;

}  // namespace quickbeam::kernels::cuda
