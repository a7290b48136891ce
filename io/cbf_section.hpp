// SPDX-License-Identifier: BSD-3-Clause
// One binary section of a CBF: from its MIME header to a checked Stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "io/cbf_context.hpp"
#include "io/cbf_items.hpp"
#include "io/image_file.hpp"

namespace quickbeam::io {

struct CbfSection {
  Stream stream;
  std::uint64_t end = 0;  ///< just after the closing boundary
};

/// Where the next section's boundary line begins, from `from` on.
std::optional<std::size_t> find_section(std::string_view file, std::size_t from);

/// Parses and checks the section whose boundary line begins at `begin`; `items` (of the text before
/// it) fill in what the MIME header leaves out, `index` counts sections from 0. Throws Error.
CbfSection parse_section(const CbfContext& context, std::size_t begin, const CbfItems& items,
                         std::size_t index);

}  // namespace quickbeam::io
