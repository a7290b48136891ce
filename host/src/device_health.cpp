// SPDX-License-Identifier: BSD-3-Clause
// Which devices have stopped working in this process.
#include "host/src/device_health.hpp"

#include <map>
#include <mutex>
#include <set>

namespace quickbeam {
namespace {

struct Health {
  std::mutex mutex;
  std::map<int, std::string> dead;
  std::set<int> short_of_memory;
};

Health& health() {
  static Health all;
  return all;
}

}  // namespace

std::string dead_because(int device) {
  const std::lock_guard lock(health().mutex);
  const auto found = health().dead.find(device);
  return found == health().dead.end() ? std::string() : found->second;
}

bool mark_dead(int device, const std::string& reason) {
  const std::lock_guard lock(health().mutex);
  return health().dead.emplace(device, reason).second;
}

bool mark_short_of_memory(int device) {
  const std::lock_guard lock(health().mutex);
  return health().short_of_memory.insert(device).second;
}

std::string take_over_from(int device, const std::string& name, std::string_view item,
                           const ErrorInfo& why) {
  if (why.code == ErrorCode::limit)
    return mark_short_of_memory(device) ? name + " has too little memory for " + std::string(item) +
                                              " (" + why.field + "); the CPU does it"
                                        : std::string();
  const std::string reason = why.field + ": " + why.found;
  return mark_dead(device, reason) ? name + " stopped working (" + reason + "); the CPU takes over"
                                   : std::string();
}

void forget_device_health() {
  const std::lock_guard lock(health().mutex);
  health().dead.clear();
  health().short_of_memory.clear();
}

}  // namespace quickbeam
