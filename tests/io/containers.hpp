// SPDX-License-Identifier: BSD-3-Clause
// gzip and bzip2 containers for tests, made by zlib and libbz2's compressors.
#pragma once

#include <bzlib.h>
#include <zlib.h>

#include <stdexcept>
#include <string>

namespace quickbeam::test {

/// One gzip member.
inline std::string gzip(std::string text, int level = 6) {
  z_stream zlib{};
  if (deflateInit2(&zlib, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string packed(deflateBound(&zlib, text.size()) + 32, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(text.data());
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
  zlib.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&zlib, Z_FINISH);
  packed.resize(zlib.total_out);
  deflateEnd(&zlib);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate");
  return packed;
}

/// One bzip2 stream.
inline std::string bzip2(std::string text) {
  std::string packed(text.size() + text.size() / 100 + 601, '\0');
  auto size = static_cast<unsigned>(packed.size());
  if (BZ2_bzBuffToBuffCompress(packed.data(), &size, text.data(),
                               static_cast<unsigned>(text.size()), 1, 0, 0) != BZ_OK)
    throw std::runtime_error("bzip2");
  packed.resize(size);
  return packed;
}

}  // namespace quickbeam::test
