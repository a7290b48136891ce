// SPDX-License-Identifier: BSD-3-Clause
// gzip by libdeflate, member after member; zlib is asked only to say what is wrong with a bad one.
#include <algorithm>
#include <limits>
#include <new>

#define ZLIB_CONST  // zlib then promises not to write to its input
#include <libdeflate.h>
#include <zlib.h>

#include "io/unpack.hpp"
#include "io/unpack_detail.hpp"

namespace quickbeam::io {

namespace {

constexpr std::string_view format = "gzip";
// Deflate's densest code is 2 bits for a match of 258 bytes; libdeflate may look 8 bytes past the
// end of its input before it notices.
constexpr std::uint64_t max_ratio = 1032, ratio_slack = 64 * max_ratio;

/// Where to start: ISIZE, the last 4 bytes (RFC 1952 section 2.3.1), when it is plausible. It is
/// wrong for several members and beyond 4 GiB, and anyone can write anything there.
std::uint64_t first_guess(std::span<const std::byte> stored) {
  std::uint64_t claim = 0;
  for (std::size_t i = 1; i <= 4 && stored.size() >= 18; ++i)
    claim = claim << 8 | std::to_integer<std::uint64_t>(stored[stored.size() - i]);
  return claim >= stored.size() ? claim : 4 * std::uint64_t{stored.size()};
}

std::uint64_t most_possible(const UnpackTask& task) {
  const std::uint64_t stored = task.stored.size();
  if (stored >= task.max_bytes / max_ratio) return task.max_bytes;  // and no product can wrap
  return std::min(stored * max_ratio + ratio_slack, task.max_bytes);
}

/// Decodes one member slowly with zlib, keeping nothing, until it shows its fault.
[[noreturn]] void explain(const UnpackTask& task, std::size_t begin) {
  z_stream zlib{};
  if (inflateInit2(&zlib, 15 + 16) != Z_OK) throw std::bad_alloc();  // 16: a gzip header
  const auto rest = task.stored.subspan(begin);
  std::size_t fed = 0;
  Bytef discard[16384];
  int status = Z_OK;
  do {
    if (zlib.avail_in == 0) {
      const std::size_t part =
          std::min<std::size_t>(rest.size() - fed, std::numeric_limits<uInt>::max());
      zlib.next_in = reinterpret_cast<const Bytef*>(rest.data() + fed);
      zlib.avail_in = static_cast<uInt>(part);
      fed += part;
    }
    zlib.next_out = discard;
    zlib.avail_out = sizeof discard;
    status = inflate(&zlib, Z_NO_FLUSH);
  } while (status == Z_OK);
  const std::string_view message = zlib.msg != nullptr ? zlib.msg : "";
  const std::size_t offset = begin + fed - zlib.avail_in;
  inflateEnd(&zlib);
  if (status == Z_BUF_ERROR)
    fail_unpack(task, format,
                {.code = ErrorCode::truncated,
                 .offset = task.stored.size(),
                 .expected = "the rest of the member that begins at byte " + std::to_string(begin),
                 .found = "the end of the file"});
  const bool checks = message == "incorrect data check" || message == "incorrect length check";
  fail_unpack(task, format,
              {.code = checks ? ErrorCode::checksum : ErrorCode::bad_stream,
               .offset = offset,
               .found = message.empty() ? "damaged deflate data" : std::string(message)});
}

/// Bytes of one member, stored and unpacked.
struct Member {
  std::size_t stored = 0, unpacked = 0;
};

/// Decodes the member at `begin` behind the `used` bytes in `out`, with more room each time.
Member decode_member(libdeflate_decompressor* inflater, const UnpackTask& task, std::size_t begin,
                     std::size_t used, Buffer<std::byte>& out) {
  const std::uint64_t most = most_possible(task);
  for (;;) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(out.capacity(), most));
    Member member;
    const auto result = libdeflate_gzip_decompress_ex(
        inflater, task.stored.data() + begin, task.stored.size() - begin, out.data() + used,
        room - used, &member.stored, &member.unpacked);
    if (result == LIBDEFLATE_SUCCESS) return member;
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) explain(task, begin);
    if (room == most) fail_unpack_limit(task, format);
    out.resize(used);  // only these are worth copying
    out.grow(static_cast<std::size_t>(std::min<std::uint64_t>(2 * std::uint64_t{room}, most)));
  }
}

}  // namespace

void Unpacker::Free::operator()(libdeflate_decompressor* inflater) const noexcept {
  libdeflate_free_decompressor(inflater);
}

std::span<const std::byte> Unpacker::gunzip(const UnpackTask& task, Buffer<std::byte>& out) {
  if (!inflater_) inflater_.reset(libdeflate_alloc_decompressor());
  if (!inflater_) throw std::bad_alloc();
  out.resize(static_cast<std::size_t>(std::min(first_guess(task.stored), most_possible(task))));
  std::size_t position = 0, used = 0;
  do {
    const Member member = decode_member(inflater_.get(), task, position, used, out);
    position += member.stored;
    used += member.unpacked;
  } while (another_part_follows(task, position, gzip_magic, format));
  return out.resize(used);
}

}  // namespace quickbeam::io
