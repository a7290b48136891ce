// SPDX-License-Identifier: BSD-3-Clause
// Whether this build holds kernels that the current device can run.
#pragma once

namespace quickbeam::kernels::cuda {

/// Throws Error DEVICE when it holds none ("no kernel image is available ..."), or the device
/// cannot be reached.
void probe();

}  // namespace quickbeam::kernels::cuda
