// SPDX-License-Identifier: BSD-3-Clause
// A program of somebody who has quickbeam installed: compiles, links and uses the public headers.
#include <cstdio>
#include <string_view>

#include <quickbeam/backend.hpp>
#include <quickbeam/core/error.hpp>
#include <quickbeam/core/image.hpp>
#include <quickbeam/tone_curve.hpp>

namespace {

/// Header-only: an image and the text of an error.
bool vocabulary_works() {
  quickbeam::Image image(quickbeam::PixelType::i32, {3, 2});
  image.as<int>()(2, 1) = 7;
  const quickbeam::Error error({.code = quickbeam::ErrorCode::truncated,
                                .path = "a.cbf",
                                .format = "CBF",
                                .found = "0 bytes"});
  return error.what() == std::string_view("a.cbf: CBF: found 0 bytes [TRUNCATED]") &&
         image.as<int>()(2, 1) == 7 && image.extent().pixels() == 6;
}

/// In the library: listing the backends pulls in the engine and every library behind it, and an
/// exception of the library arrives as the type this program knows.
bool engine_works() {
  const auto backends = quickbeam::backends();
  if (backends.empty() || backends.back()->name() != "cpu") return false;
  try {
    (void)quickbeam::parse_tone("no such curve");
  } catch (const quickbeam::Error& error) {
    return error.code() == quickbeam::ErrorCode::usage;
  }
  return false;
}

}  // namespace

int main() {
  const bool vocabulary = vocabulary_works(), engine = engine_works();
  std::printf("vocabulary %s, engine %s\n", vocabulary ? "ok" : "wrong", engine ? "ok" : "wrong");
  return vocabulary && engine ? 0 : 1;
}
