// SPDX-License-Identifier: BSD-3-Clause
// Which devices have stopped working in this process. A CUDA error that corrupts the context comes
// back at every later call, so there is no way back but a new process.
#pragma once

#include <string>
#include <string_view>

#include <quickbeam/core/error.hpp>

namespace quickbeam {

/// Why device `device` is not used any more; empty while it works. Thread-safe.
std::string dead_because(int device);

/// True for the first report about a device, which is the one to tell the user. Thread-safe.
bool mark_dead(int device, const std::string& reason);

/// True for the first report that a device's memory was too short. Thread-safe.
bool mark_short_of_memory(int device);

/// Remembers why the CPU takes over from device `device`, called `name` ("cuda:0"): LIMIT = its
/// memory is too short even for one `item`, anything else = it stopped working. Returns what to
/// tell the user: nothing when it was told. Thread-safe.
std::string take_over_from(int device, const std::string& name, std::string_view item,
                           const ErrorInfo& why);

/// As if nothing had happened. For tests.
void forget_device_health();

}  // namespace quickbeam
