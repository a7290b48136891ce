// SPDX-License-Identifier: BSD-3-Clause
// The two families of row reducers behind make_row_reducer.
#pragma once

#include <memory>

#include "kernels/reduce.hpp"

namespace quickbeam::kernels {

/// max, min and dilate.
template <class W>
std::unique_ptr<RowReducer<W>> make_fold_reducer(Extent in, const ReduceSpec& spec,
                                                 ValidRange<W> valid, W saturation);

/// sum and mean.
template <class W>
std::unique_ptr<RowReducer<W>> make_sum_reducer(Extent in, const ReduceSpec& spec,
                                                ValidRange<W> valid, W saturation);

}  // namespace quickbeam::kernels
