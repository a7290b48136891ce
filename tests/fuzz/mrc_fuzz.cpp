// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as an MRC file: an Error that names a byte in it, or images that all lie inside it.
#include "tests/fuzz/stack_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  quickbeam::fuzz_stack(data, size, "x.mrc");
  return 0;
}
