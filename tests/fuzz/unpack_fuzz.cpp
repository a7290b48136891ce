// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a gzip or bzip2 container: an Error, or contents within the limit that do not depend
// on how much room the buffer had before.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include <quickbeam/core/error.hpp>

#include "io/unpack.hpp"

namespace {

using namespace quickbeam;
constexpr std::uint64_t limit = std::uint64_t{1} << 20;

std::optional<std::span<const std::byte>> unpack(std::span<const std::byte> bytes,
                                                 io::Unpacker& unpacker, Buffer<std::byte>& out) {
  const io::UnpackTask task{bytes, "fuzz", limit};
  try {
    return io::compression_of(bytes) == io::Compression::bzip2 ? unpacker.bunzip2(task, out)
                                                               : unpacker.gunzip(task, out);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static io::Unpacker unpacker;
  static Buffer<std::byte> roomy(limit);
  Buffer<std::byte> fresh;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto one = unpack(bytes, unpacker, roomy), two = unpack(bytes, unpacker, fresh);
  if (one.has_value() != two.has_value()) std::abort();
  if (!one) return 0;
  if (one->size() != two->size() || one->size() > limit) std::abort();
  if (!one->empty() && std::memcmp(one->data(), two->data(), one->size()) != 0) std::abort();
  return 0;
}
