// SPDX-License-Identifier: BSD-3-Clause
// quickbeam devices: the backends compiled in, whether each can run here, and if not, why.
#include <fmt/format.h>

#include <memory>

#include <quickbeam/backend.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"

namespace quickbeam::cli {
namespace {

int print_devices(bool as_json) {
  Json list = Json::array();
  for (const Backend* backend : backends()) {
    const std::string reason = backend->unavailable_because(0);
    const auto devices = reason.empty() ? backend->devices() : std::vector<std::string>{};
    if (as_json)
      list.push_back({{"backend", backend->name()},
                      {"available", reason.empty()},
                      {"reason", reason},
                      {"devices", devices}});
    else if (!reason.empty())
      fmt::print("{}: not available: {}\n", backend->name(), reason);
    for (const auto& device : devices)
      if (!as_json) fmt::print("{}\n", device);
  }
  if (as_json) fmt::print("{}\n", list.dump(2));
  return exit_done;
}

}  // namespace

std::function<int()> declare_devices(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  app.add_flag("--json", *as_json, "Print JSON");
  return [as_json] { return print_devices(*as_json); };
}

}  // namespace quickbeam::cli
