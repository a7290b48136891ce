// SPDX-License-Identifier: BSD-3-Clause
// A program of somebody who has quickbeam installed: compiles, links and uses the public headers.
#include <cstdio>
#include <string_view>

#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>

int main() {
  quickbeam::Image image(quickbeam::PixelType::i32, {3, 2});
  image.as<int>()(2, 1) = 7;
  try {
    quickbeam::fail({.code = quickbeam::ErrorCode::truncated,
                     .path = "a.cbf",
                     .format = "CBF",
                     .found = "0 bytes"});
  } catch (const quickbeam::Error& error) {
    std::puts(error.what());
    const bool right = std::string_view(error.what()) == "a.cbf: CBF: found 0 bytes [TRUNCATED]" &&
                       image.as<int>()(2, 1) == 7 && image.extent().pixels() == 6;
    return right ? 0 : 1;
  }
  return 1;
}
