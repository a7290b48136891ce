// SPDX-License-Identifier: BSD-3-Clause
// bzip2 by libbz2, stream after stream (parallel compressors write one stream a block).
#include <algorithm>
#include <limits>
#include <new>

#include <bzlib.h>

#include "io/unpack.hpp"
#include "io/unpack_detail.hpp"

namespace quickbeam::io {

namespace {

constexpr std::string_view format = "bzip2";
constexpr std::size_t most_a_call = std::numeric_limits<unsigned>::max();

/// One bzip2 stream at work between two byte positions.
class Decoder {
 public:
  Decoder(const UnpackTask& task, Buffer<std::byte>& out) : task_(task), out_(out) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { close(); }

  /// Decodes the stream at the current position to its end.
  void run() {
    open();
    int status = BZ_OK;
    while (status == BZ_OK) status = step();
    if (status != BZ_STREAM_END) explain(status);
    if (used_ > task_.max_bytes) fail_unpack_limit(task_, format);
    close();
  }
  std::size_t position() const { return position_; }
  std::size_t used() const { return used_; }

 private:
  void open() {
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
    open_ = true;
  }
  void close() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }

  /// One call of the library; makes room first. BZ_UNEXPECTED_EOF when no input is left to make
  /// progress with.
  int step() {
    if (used_ == room()) make_room();
    const std::size_t in = std::min(task_.stored.size() - position_, most_a_call);
    const std::size_t space = std::min(room() - used_, most_a_call);
    // The library reads through a pointer to non-const and never writes through it.
    stream_.next_in =
        const_cast<char*>(reinterpret_cast<const char*>(task_.stored.data() + position_));
    stream_.avail_in = static_cast<unsigned>(in);
    stream_.next_out = reinterpret_cast<char*>(out_.data() + used_);
    stream_.avail_out = static_cast<unsigned>(space);
    const int status = BZ2_bzDecompress(&stream_);
    const bool idle = stream_.avail_in == in && stream_.avail_out == space;
    position_ += in - stream_.avail_in;
    used_ += space - stream_.avail_out;
    return status == BZ_OK && idle ? BZ_UNEXPECTED_EOF : status;
  }

  /// One byte beyond the limit, so that a stream may end exactly at it.
  std::size_t room() const {
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(out_.capacity(), saturated_next(task_.max_bytes)));
  }
  void make_room() {
    if (used_ > task_.max_bytes) fail_unpack_limit(task_, format);
    out_.resize(used_);  // only these are worth copying
    out_.grow(static_cast<std::size_t>(std::min<std::uint64_t>(2 * std::uint64_t{used_} + 65536,
                                                               saturated_next(task_.max_bytes))));
  }
  static std::uint64_t saturated_next(std::uint64_t n) { return n + (n + 1 != 0 ? 1 : 0); }

  [[noreturn]] void explain(int status) {
    if (status == BZ_MEM_ERROR) throw std::bad_alloc();
    if (status == BZ_UNEXPECTED_EOF)
      fail_unpack(task_, format,
                  {.code = ErrorCode::truncated,
                   .offset = task_.stored.size(),
                   .expected = "the rest of the stream",
                   .found = "the end of the file"});
    fail_unpack(task_, format, {.offset = position_, .found = "damaged data or a wrong CRC"});
  }

  const UnpackTask& task_;
  Buffer<std::byte>& out_;
  bz_stream stream_{};
  bool open_ = false;
  std::size_t position_ = 0, used_ = 0;
};

}  // namespace

std::span<const std::byte> Unpacker::bunzip2(const UnpackTask& task, Buffer<std::byte>& out) {
  Decoder decoder(task, out);
  do {
    decoder.run();
  } while (another_part_follows(task, decoder.position(), bzip2_magic, format));
  return out.resize(decoder.used());
}

}  // namespace quickbeam::io
