// SPDX-License-Identifier: BSD-3-Clause
// The list of backends and the choice among them.
#include <quickbeam/backend.hpp>

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
        .expected = "auto, cpu, cuda or cuda:N",
        .found = std::string(request)});
}

/// The number after "cuda:", 0 without one.
int device_number(std::string_view request) {
  const auto colon = request.find(':');
  if (colon == std::string_view::npos) return 0;
  int number = -1;
  const char* const end = request.data() + request.size();
  const auto [stop, error] = std::from_chars(request.data() + colon + 1, end, number);
  if (error != std::errc{} || stop != end || number < 0) fail_request(request);
  return number;
}

}  // namespace

DeviceChoice choose_device(std::string_view request) {
  if (request.empty() || request == "auto") return automatic();
  const std::string_view name = request.substr(0, request.find(':'));
  if (request != "cpu" && name != "cuda") fail_request(request);
  const int number = device_number(request);
  const Backend* backend = find_backend(name);
  const std::string reason =
      backend ? backend->unavailable_because(number) : "this build has no CUDA backend";
  if (!reason.empty())
    fail({.code = ErrorCode::device,
          .field = "--device " + std::string(request),
          .expected = "a usable device",
          .found = reason});
  return {.backend = backend, .device = number};
}

}  // namespace quickbeam
