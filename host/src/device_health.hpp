// SPDX-License-Identifier: BSD-3-Clause
// Which devices have stopped working in this process. A CUDA error that corrupts the context comes
// back at every later call, so there is no way back but a new process.
#pragma once

#include <string>

namespace quickbeam {

/// Why device `device` is not used any more; empty while it works. Thread-safe.
std::string dead_because(int device);

/// True for the first report about a device, which is the one to tell the user. Thread-safe.
bool mark_dead(int device, const std::string& reason);

/// True for the first report that a device's memory was too short. Thread-safe.
bool mark_short_of_memory(int device);

/// As if nothing had happened. For tests.
void forget_device_health();

}  // namespace quickbeam
