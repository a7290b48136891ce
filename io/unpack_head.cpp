// SPDX-License-Identifier: BSD-3-Clause
// Streams just as far as needed. Faults are left to those who unpack everything.
#include "io/unpack_head.hpp"

#include <new>

#define ZLIB_CONST  // zlib then promises not to write to its input
#include <bzlib.h>
#include <zlib.h>

#include "io/unpack.hpp"

namespace quickbeam::io {
namespace {

std::size_t gunzip_head(std::span<const std::byte> stored, std::span<std::byte> out) {
  z_stream zlib{};
  if (inflateInit2(&zlib, 15 + 16) != Z_OK) throw std::bad_alloc();  // 16: a gzip header
  zlib.next_in = reinterpret_cast<const Bytef*>(stored.data());
  zlib.avail_in = static_cast<uInt>(stored.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  int status = Z_OK;
  while (status == Z_OK && zlib.avail_out != 0) status = inflate(&zlib, Z_NO_FLUSH);
  inflateEnd(&zlib);
  return out.size() - zlib.avail_out;
}

std::size_t bunzip_head(std::span<const std::byte> stored, std::span<std::byte> out) {
  bz_stream bzip{};
  if (BZ2_bzDecompressInit(&bzip, 0, 1) != BZ_OK) throw std::bad_alloc();  // 1: little memory
  // The library reads through a pointer to non-const and never writes through it.
  bzip.next_in = const_cast<char*>(reinterpret_cast<const char*>(stored.data()));
  bzip.avail_in = static_cast<unsigned>(stored.size());
  bzip.next_out = reinterpret_cast<char*>(out.data());
  bzip.avail_out = static_cast<unsigned>(out.size());
  int status = BZ_OK;
  while (status == BZ_OK && bzip.avail_out != 0) {
    const unsigned in = bzip.avail_in, space = bzip.avail_out;
    status = BZ2_bzDecompress(&bzip);
    if (bzip.avail_in == in && bzip.avail_out == space) break;
  }
  BZ2_bzDecompressEnd(&bzip);
  return out.size() - bzip.avail_out;
}

}  // namespace

std::vector<std::byte> unpack_head(std::span<const std::byte> stored, std::size_t count) {
  std::vector<std::byte> head(count);
  stored = stored.first(std::min(stored.size(), head_bytes_stored));
  const bool is_gzip = compression_of(stored) == Compression::gzip;
  head.resize(is_gzip ? gunzip_head(stored, head) : bunzip_head(stored, head));
  return head;
}

}  // namespace quickbeam::io
