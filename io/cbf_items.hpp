// SPDX-License-Identifier: BSD-3-Clause
// The imgCIF items of a CBF's text that a frame needs: array shapes, geometry, the mini header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/frame_info.hpp>

namespace quickbeam::io {

/// One row of _array_structure_list.
struct CbfArrayAxis {
  std::string_view array_id;
  std::string_view dimension;
  std::string_view precedence;  ///< 1 = fastest
  std::uint64_t offset = 0;     ///< of the dimension in the file
};

/// What the text before a section says. Borrows the file's bytes.
struct CbfItems {
  std::string_view header_contents;  ///< the detector's mini header, empty = none
  std::string_view encoding_type;    ///< of the first array
  std::size_t arrays = 0;            ///< described in _array_structure
  std::vector<CbfArrayAxis> axes;
};

/// Reads the items of `text`, which begins the file; facts that have a place in FrameInfo go to
/// `info`. Never throws for bad CIF: what cannot be read is absent.
CbfItems parse_cbf_items(std::string_view text, FrameInfo& info);

}  // namespace quickbeam::io
