// SPDX-License-Identifier: BSD-3-Clause
// How the ambiguous parts of stack files are read.
#pragma once

#include <cstdint>

namespace quickbeam {

/// What a file with a third dimension is. Automatic: the format's own rule.
enum class StackReading : std::uint8_t { automatic, stack, volume };

/// How the bytes of MRC mode 0 are read; writers never agreed. Automatic is IMOD's rule: its flag
/// where its stamp stands, else signed when DMIN < 0 and DMAX < 128, else unsigned. `imod` reads
/// signed bytes that stand for value - 128.
enum class Mode0 : std::uint8_t { automatic, signed_bytes, unsigned_bytes, imod };

}  // namespace quickbeam
