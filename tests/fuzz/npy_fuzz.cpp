// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a .npy file: an Error, or a payload that accounts for every byte of its data.
#include <cstdint>
#include <cstdlib>
#include <span>

#include <quickbeam/core/error.hpp>

#include "io/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quickbeam;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const Payload payload = io::parse_npy(bytes, "fuzz.npy");
    const auto values = static_cast<std::uint64_t>(payload.extent.pixels() * payload.depth);
    if (payload.extent.empty() || payload.depth <= 0) std::abort();
    if (values * size_of(payload.type) != payload.bytes.size()) std::abort();
    if (!payload.bytes.empty() &&
        payload.bytes.data() + payload.bytes.size() != bytes.data() + size)
      std::abort();
  } catch (const Error&) {
  }
  return 0;
}
