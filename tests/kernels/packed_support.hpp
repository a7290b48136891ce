// SPDX-License-Identifier: BSD-3-Clause
// What the tests of packed decoding share.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include <quickbeam/core/error.hpp>

#include "kernels/packed.hpp"
#include "tests/kernels/packed_golden.hpp"
#include "tests/oracle/packed_encoder.hpp"

namespace quickbeam::test {

using Bytes = std::vector<std::byte>;

inline Bytes from_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

/// Decodes into memory of exactly the right size, so that a sanitizer sees every stray access.
inline Bytes decode(Payload payload, const Bytes& stream) {
  const Bytes exact(stream);
  payload.bytes = exact;
  Bytes out(static_cast<std::size_t>(payload.extent.pixels() * payload.depth) *
            size_of(payload.type));
  kernels::decode_packed(payload, out);
  return out;
}

/// The error of decoding; ErrorCode::io stands for "no error".
inline ErrorInfo error_of(const Payload& payload, const Bytes& stream) {
  try {
    decode(payload, stream);
  } catch (const Error& error) {
    return error.info();
  }
  return {};
}

inline Payload payload_of(PixelType type, const oracle::PackedShape& shape) {
  Payload payload;
  payload.encoding = shape.version_2 ? Encoding::packed_v2 : Encoding::packed;
  payload.type = type;
  payload.extent = {shape.width, shape.height};
  payload.depth = shape.depth;
  payload.flat = shape.flat;
  payload.uncorrelated_sections = shape.uncorrelated_sections;
  return payload;
}

template <class T>
inline Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline Payload payload_of(const PackedGolden& golden) {
  Payload payload;
  payload.encoding = golden.encoding;
  payload.type = golden.type;
  payload.extent = golden.extent;
  payload.depth = golden.depth;
  payload.flat = golden.flat;
  payload.uncorrelated_sections = golden.uncorrelated_sections;
  return payload;
}

}  // namespace quickbeam::test
