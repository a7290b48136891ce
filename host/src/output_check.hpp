// SPDX-License-Identifier: BSD-3-Clause
// What can be known to go wrong with the outputs before the first input is read.
#pragma once

#include <quickbeam/output_name.hpp>
#include <quickbeam/thumbnails.hpp>

namespace quickbeam {

/// Creates the output folder when it is missing and tries it; compares every output name with the
/// others and with the inputs. Throws Error: IO (folder), INCONSISTENT (two inputs with one output,
/// an output that is an input), USAGE (template).
void check_outputs(const ThumbnailJob& job);

}  // namespace quickbeam
