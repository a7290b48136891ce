// SPDX-License-Identifier: BSD-3-Clause
// Division by a number that is known long before: a GPU has no instruction for any other.
#pragma once

#include <bit>
#include <cstdint>

#include <quickbeam/core/macros.hpp>

namespace quickbeam::kernels::ops {

/// Quotients of numbers below 2^31 by a product and a shift. Exact (Granlund, Montgomery: "Division
/// by Invariant Integers using Multiplication", PLDI 1994, theorem 4.2).
class Divisor {
 public:
  constexpr Divisor() = default;
  /// `value`: 1 to 2^31.
  constexpr explicit Divisor(std::uint32_t value)
      : value_(value), shift_(static_cast<std::uint32_t>(std::bit_width(value - 1))) {
    const std::uint64_t power = std::uint64_t{1} << (31 + shift_);
    multiplier_ = static_cast<std::uint32_t>((power + value - 1) / value);
  }
  QUICKBEAM_HD constexpr std::uint32_t value() const { return value_; }
  QUICKBEAM_HD constexpr std::uint32_t quotient(std::uint32_t number) const {
    return static_cast<std::uint32_t>(std::uint64_t{number << 1} * multiplier_ >> 32) >> shift_;
  }

 private:
  std::uint32_t value_ = 1;
  std::uint32_t shift_ = 0;
  std::uint32_t multiplier_ = 1u << 31;
};

}  // namespace quickbeam::kernels::ops
