// SPDX-License-Identifier: BSD-3-Clause
// The list of backends and the choice among them.
#include <quickbeam/backend.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <quickbeam/core/error.hpp>

#include "host/src/backends.hpp"

namespace quickbeam {

std::span<const Backend* const> backends() {
  static const std::array list {
#if QUICKBEAM_HAS_CUDA
    &cuda_backend(),
#endif
        &cpu_backend()
  };
  return list;
}

namespace {

const Backend* find_backend(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

DeviceChoice automatic() {
  DeviceChoice choice;
  for (const Backend* backend : backends()) {
    const std::string reason = backend->unavailable_because(0);
    if (reason.empty()) {
      choice.backend = backend;
      return choice;
    }
    choice.notice += std::string(backend->name()) + " is not used: " + reason;
  }
  return choice;  // not reached: the CPU is always available
}

[[noreturn]] void fail_request(std::string_view request) {
  fail({.code = ErrorCode::usage,
        .field = "--device",
        .expected = "auto, cpu, cuda, cuda:N or cuda:N,M,... with different numbers",
        .found = std::string(request)});
}

/// The numbers behind "cuda:", 0 without any.
std::vector<int> device_numbers(std::string_view request) {
  const auto colon = request.find(':');
  if (colon == std::string_view::npos) return {0};
  std::vector<int> numbers;
  const char* const end = request.data() + request.size();
  for (const char* at = request.data() + colon; at != end;) {  // on the colon, then on commas
    if (!numbers.empty() && *at != ',') fail_request(request);
    int number = -1;
    const auto [stop, error] = std::from_chars(at + 1, end, number);
    const bool known = std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    if (error != std::errc{} || number < 0 || known) fail_request(request);
    numbers.push_back(number);
    at = stop;
  }
  return numbers;
}

}  // namespace

DeviceChoice choose_device(std::string_view request) {
  if (request.empty() || request == "auto") return automatic();
  const std::string_view name = request.substr(0, request.find(':'));
  if (request != "cpu" && name != "cuda") fail_request(request);
  DeviceChoice choice{.backend = find_backend(name), .devices = device_numbers(request)};
  for (const int number : choice.devices) {
    const std::string reason = choice.backend ? choice.backend->unavailable_because(number)
                                              : "this build has no CUDA backend";
    if (reason.empty()) continue;
    fail({.code = ErrorCode::device,
          .field = "--device " + std::string(request),
          .expected = "a usable device",
          .found = reason});
  }
  return choice;
}

}  // namespace quickbeam
