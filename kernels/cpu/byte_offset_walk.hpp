// SPDX-License-Identifier: BSD-3-Clause
// The serial walk over a byte-offset stream, code by code: all of the serial decoder, and the part
// of the SIMD decoder around escapes, limits and ends.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/byte_offset.hpp"
#include "kernels/ops/byte_offset.hpp"

namespace quickbeam::kernels {

/// Records a fault at the code where the state stands. Always false, as the result of a read.
inline bool stop(ByteOffsetState& state, StreamFault fault) {
  state.status.fault = fault;
  state.status.pixel = state.pixels;
  state.status.byte = state.position;
  return false;
}

inline const std::uint8_t* bytes_of(const ByteOffsetState& state) {
  return reinterpret_cast<const std::uint8_t*>(state.stream.data());
}

/// Decodes one code of pixels of type T; false at a fault.
template <class T>
inline bool step(ByteOffsetState& state) {
  const std::uint64_t available = state.stream.size() - state.position;
  if (available == 0) return stop(state, StreamFault::ends_early);
  const ops::Code code = ops::read_code(bytes_of(state) + state.position, available);
  if (code.length == 0) return stop(state, StreamFault::ends_in_escape);
  const ops::SumResult result = ops::add_code<T>(state.value, code);
  if (result == ops::SumResult::out_of_range) return stop(state, StreamFault::out_of_range);
  if (result == ops::SumResult::wrapped && !state.status.wrapped) {
    state.status.wrapped = true;
    state.status.wrapped_pixel = state.pixels;
  }
  state.position += code.length;
  ++state.pixels;
  return true;
}

/// Decodes `count` pixels of type T; false at a fault.
template <class T, class Out>
inline bool walk(ByteOffsetState& state, Out* out, std::size_t count) {
  const std::uint8_t* const bytes = bytes_of(state);
  const std::uint64_t size = state.stream.size();
  for (std::size_t i = 0; i < count;) {
    // Nearly all codes are one byte that stays in range: this loop runs on local variables.
    std::uint64_t position = state.position;
    std::int64_t value = state.value;
    const std::size_t first = i;
    for (; i < count && position < size && bytes[position] != ops::escape_byte; ++i, ++position) {
      std::int64_t next = value;
      const ops::Code code{static_cast<std::int8_t>(bytes[position]), 1};
      if (ops::add_code<T>(next, code) != ops::SumResult::exact) break;
      value = next;
      out[i] = static_cast<Out>(value);
    }
    state.position = position;
    state.value = value;
    state.pixels += i - first;
    if (i == count) break;
    if (!step<T>(state)) return false;
    out[i++] = static_cast<Out>(state.value);
  }
  return true;
}

}  // namespace quickbeam::kernels
