// SPDX-License-Identifier: BSD-3-Clause
// How strictly files are read.
#pragma once

#include <cstdint>

#include <quickbeam/core/stack_reading.hpp>

namespace quickbeam {

/// What a wrong digest means. Comparing costs more than ten decodes, so it is off by default.
enum class Md5Policy : std::uint8_t { off, warn, error };

struct ReadPolicy {
  Md5Policy md5 = Md5Policy::off;
  bool strict = false;             ///< an oddity that is usually accepted with a notice is an error
  Mode0 mode0 = Mode0::automatic;  ///< of MRC files
  /// Of files with a third dimension. What a name says ("a.mrc:mrcs") is the nearer word.
  StackReading reading = StackReading::automatic;
};

}  // namespace quickbeam
