// SPDX-License-Identifier: BSD-3-Clause
// The SIMD byte-offset decoder: blocks of one-byte codes in vectors, all else code by code.
// Real frames are almost free of escapes (docs/performance.md, section D), so the vector loop does
// nearly all the work and what is around it only has to be right.

// Vectors are members of classes here, which vectors of unknown length cannot be.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/byte_offset.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/byte_offset.hpp"
#include "kernels/cpu/byte_offset_blocks-inl.hpp"
#include "kernels/cpu/byte_offset_walk.hpp"
#include "kernels/ops/byte_offset.hpp"

// The extra name is explained in byte_offset_sums-inl.hpp.
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
namespace quickbeam::kernels::HWY_NAMESPACE {

/// A block of this many 0x80 or more is faster code by code.
inline constexpr int dense_escapes = 8;

#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

/// How the limits of T are kept: i32 and i64 by the number of blocks that cannot reach them from
/// here, the others, whose pixels lie close to 0 and so to a limit, by looking at every pixel.
template <class T, class Out>
struct Limits {
  using Numbers = std::numeric_limits<T>;
  static constexpr bool checked = sizeof(T) < sizeof(Out) || std::is_unsigned_v<T>;
  static constexpr Out bias = checked && std::is_signed_v<T> ? Out{1} << (8 * sizeof(T) - 1) : 0;
  // A u64 of 2^63 or more looks negative; such pixels are left to the serial walk.
  static constexpr Out inside = sizeof(T) == sizeof(Out)
                                    ? std::numeric_limits<Out>::max()
                                    : static_cast<Out>((Out{1} << (8 * sizeof(T) % 64)) - 1);

  static std::uint64_t safe_blocks(std::int64_t value) {
    if constexpr (checked) return std::numeric_limits<std::uint64_t>::max();
    const auto here = static_cast<std::uint64_t>(value);
    const std::uint64_t up = static_cast<std::uint64_t>(Numbers::max()) - here;
    const std::uint64_t down = here - static_cast<std::uint64_t>(Numbers::min());
    return std::min(up, down) / (block * 128);
  }
};

template <class T, class Out>
HWY_INLINE Run run_from(const ByteOffsetState& state, Out* out, std::size_t blocks) {
  using L = Limits<T, Out>;
  const std::uint8_t* from = bytes_of(state) + state.position;
  const auto value = static_cast<Out>(state.value);
  if constexpr (sizeof(Out) == 4)
    return run_blocks(from, out, blocks, Store32<L::checked>(value, L::bias, L::inside));
  else
    return run_blocks(from, out, blocks, Store64<L::checked>(value, L::bias, L::inside));
}

/// Decodes whole blocks; the last one may reach beyond `count` into the slack, whose pixels are
/// one byte each and are simply not counted. Returns the codes to decode one by one before the
/// next call.
template <class T, class Out>
HWY_INLINE std::size_t read_blocks(ByteOffsetState& state, Out* out, std::size_t count,
                                   std::size_t writable, std::size_t& done) {
  const std::uint64_t blocks =
      std::min({(state.stream.size() - state.position) / block, (writable - done) / block,
                (count - done + block - 1) / block, Limits<T, Out>::safe_blocks(state.value)});
  if (blocks == 0) return block;
  const Run run = run_from<T>(state, out + done, blocks);
  const std::size_t pixels = std::min(run.pixels, count - done);
  done += pixels;
  state.pixels += pixels;
  state.position += pixels;
  if (pixels != 0) state.value = out[done - 1];
  if (run.left_range || std::popcount(run.escapes) >= dense_escapes) return block;
  return run.escapes != 0 ? 1 : 0;
}

#else

template <class T, class Out>
std::size_t read_blocks(ByteOffsetState&, Out*, std::size_t count, std::size_t, std::size_t&) {
  return count;
}

#endif

template <class T, class Out>
bool read_as(ByteOffsetState& state, Out* out, std::size_t count, std::size_t writable) {
  for (std::size_t done = 0; done < count;) {
    const std::size_t codes = read_blocks<T>(state, out, count, writable, done);
    const std::size_t serial = std::min(codes, count - done);
    if (!walk<T>(state, out + done, serial)) return false;
    done += serial;
  }
  return true;
}

bool read_32(ByteOffsetState& state, std::int32_t* out, std::size_t count, std::size_t writable) {
  switch (state.type) {
    case PixelType::i8:
      return read_as<std::int8_t>(state, out, count, writable);
    case PixelType::u8:
      return read_as<std::uint8_t>(state, out, count, writable);
    case PixelType::i16:
      return read_as<std::int16_t>(state, out, count, writable);
    case PixelType::u16:
      return read_as<std::uint16_t>(state, out, count, writable);
    default:
      return read_as<std::int32_t>(state, out, count, writable);
  }
}

bool read_64(ByteOffsetState& state, std::int64_t* out, std::size_t count, std::size_t writable) {
  switch (state.type) {
    case PixelType::u32:
      return read_as<std::uint32_t>(state, out, count, writable);
    case PixelType::u64:
      return read_as<std::uint64_t>(state, out, count, writable);
    default:
      return read_as<std::int64_t>(state, out, count, writable);
  }
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {

HWY_EXPORT(read_32);
HWY_EXPORT(read_64);
HWY_EXPORT(target_name);

std::string_view byte_offset_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

bool ByteOffsetDecoder::read(std::int32_t* out, std::size_t count, std::size_t writable) {
  if (state_.status.fault != StreamFault::none) return false;
  return HWY_DYNAMIC_DISPATCH(read_32)(state_, out, count, writable);
}

bool ByteOffsetDecoder::read(std::int64_t* out, std::size_t count, std::size_t writable) {
  if (state_.status.fault != StreamFault::none) return false;
  return HWY_DYNAMIC_DISPATCH(read_64)(state_, out, count, writable);
}

}  // namespace quickbeam::kernels
#endif  // HWY_ONCE
