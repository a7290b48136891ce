// SPDX-License-Identifier: BSD-3-Clause
// The environment variables of the emulation (README.md), for commands that are run as a whole.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/cuda_on_host/state.hpp"

namespace quickbeam::cuda_on_host {
namespace {

[[noreturn]] void fail_setting(const char* name, const std::string& text) {
  std::fprintf(stderr, "cuda_on_host: %s=%s is not understood\n", name, text.c_str());
  std::abort();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

long long number(const char* name, const std::string& text) {
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 0) fail_setting(name, text);
  return value;
}

template <class F>
void setting(const char* name, F&& use) {
  if (const char* text = std::getenv(name)) use(std::string(text));
}

/// CALL:NTH:CODE[:sticky][:later]
Fault fault_of(const char* name, const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() < 3) fail_setting(name, text);
  Fault fault{parts[0],
              static_cast<int>(number(name, parts[1])),
              static_cast<cudaError_t>(number(name, parts[2])),
              Lasting::once,
              Surfacing::at_the_call,
              true};
  for (std::size_t i = 3; i < parts.size(); ++i) {
    if (parts[i] == "sticky")
      fault.lasting = Lasting::sticky;
    else if (parts[i] == "later")
      fault.surfacing = Surfacing::later;
    else
      fail_setting(name, text);
  }
  return fault;
}

/// A fault that was asked for and never came would make a test say nothing.
void name_idle_faults() {
  const std::lock_guard lock(state().lock);
  for (const Fault& fault : state().faults)
    if (fault.of_environment)
      std::fprintf(stderr, "cuda_on_host: %s was not called often enough to fail\n",
                   fault.call.c_str());
}

/// Where the code of each kernel that was launched is in the program's file, as `nm` has it: one
/// hexadecimal number a line.
void write_kernels() {
  const std::lock_guard lock(state().lock);
  std::ofstream out(std::getenv("QUICKBEAM_EMULATED_KERNELS"), std::ios::app);
  for (const void* const kernel : state().kernels) {
    Dl_info info{};
    if (dladdr(kernel, &info) != 0)
      out << std::hex
          << reinterpret_cast<std::uintptr_t>(kernel) -
                 reinterpret_cast<std::uintptr_t>(info.dli_fbase)
          << "\n";
  }
}

}  // namespace

void read_environment(State& all) {
  const auto code = [](const char* name, const std::string& text) {
    return static_cast<cudaError_t>(number(name, text));
  };
  setting("QUICKBEAM_EMULATED_DEVICES", [&](const std::string& text) {
    all.devices = static_cast<int>(number("QUICKBEAM_EMULATED_DEVICES", text));
  });
  setting("QUICKBEAM_EMULATED_MEMORY", [&](const std::string& text) {
    all.device_bytes = static_cast<std::size_t>(number("QUICKBEAM_EMULATED_MEMORY", text));
  });
  setting("QUICKBEAM_EMULATED_SEED", [&](const std::string& text) {
    all.random.seed(static_cast<std::uint64_t>(number("QUICKBEAM_EMULATED_SEED", text)));
  });
  setting("QUICKBEAM_EMULATED_DRIVER",
          [&](const std::string& text) { all.driver = code("QUICKBEAM_EMULATED_DRIVER", text); });
  setting("QUICKBEAM_EMULATED_KERNEL_IMAGE", [&](const std::string& text) {
    all.kernel_image = code("QUICKBEAM_EMULATED_KERNEL_IMAGE", text);
  });
  setting("QUICKBEAM_EMULATED_KERNELS", [&](const std::string&) {
    static const int registered = std::atexit(write_kernels);
    (void)registered;
    all.records_kernels = true;
  });
  setting("QUICKBEAM_EMULATED_FAIL", [&](const std::string& text) {
    static const int registered = std::atexit(name_idle_faults);
    (void)registered;
    for (const auto& part : split(text, ','))
      all.faults.push_back(fault_of("QUICKBEAM_EMULATED_FAIL", part));
  });
}

}  // namespace quickbeam::cuda_on_host
