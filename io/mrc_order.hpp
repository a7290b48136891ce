// SPDX-License-Identifier: BSD-3-Clause
// The byte order of an MRC file, by what its header says in either of them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <quickbeam/core/payload.hpp>

#include "io/stack_parse.hpp"

namespace quickbeam::io::mrc {

/// Decides by the plausibility of mode, dimensions and axes; by the size of the file, then the
/// machine stamp, where both orders are plausible. A stamp that says otherwise, or is missing, is
/// an oddity. Throws Error NOT_THIS_FORMAT where neither order makes sense and "MAP " is missing,
/// AMBIGUOUS where nothing tells the orders apart. Precondition: 1,024 bytes of head.
ByteOrder byte_order(const StackHead& head, const FaultReport& report);

/// 1, 2 and 3 in any order.
bool is_permutation(const std::array<std::int32_t, 3>& axes);

/// The names that mean a stack: .mrcs and .st, with or without .gz or .bz2.
bool is_stack_name(std::string_view path);

}  // namespace quickbeam::io::mrc
