// SPDX-License-Identifier: BSD-3-Clause
// The backends by name, for the list in backend.cpp.
#pragma once

#include <quickbeam/backend.hpp>

namespace quickbeam {

const Backend& cpu_backend();
#if QUICKBEAM_HAS_CUDA
const Backend& cuda_backend();
#endif

}  // namespace quickbeam
