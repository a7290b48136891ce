// SPDX-License-Identifier: BSD-3-Clause
// Arithmetic that CUDA gives a name: bits, bytes in words, dot products, exact conversions.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

// Integers: the larger and the smaller, with CUDA's mixed forms.
#define QUICKBEAM_MIN_MAX(A, B, R)                                                        \
  constexpr R min(A a, B b) {                                                             \
    return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b); \
  }                                                                                       \
  constexpr R max(A a, B b) {                                                             \
    return static_cast<R>(a) > static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b); \
  }
#define QUICKBEAM_MIN_MAX_SIGNS(S)                      \
  QUICKBEAM_MIN_MAX(S, S, S)                            \
  QUICKBEAM_MIN_MAX(unsigned S, unsigned S, unsigned S) \
  QUICKBEAM_MIN_MAX(S, unsigned S, unsigned S)          \
  QUICKBEAM_MIN_MAX(unsigned S, S, unsigned S)
QUICKBEAM_MIN_MAX_SIGNS(int)
QUICKBEAM_MIN_MAX_SIGNS(long)
QUICKBEAM_MIN_MAX_SIGNS(long long)
#undef QUICKBEAM_MIN_MAX_SIGNS
#undef QUICKBEAM_MIN_MAX
// Of a number and a NaN, the number.
inline float min(float a, float b) { return std::fmin(a, b); }
inline float max(float a, float b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }

// Bits.
inline int __popc(unsigned v) { return std::popcount(v); }
inline int __popcll(unsigned long long v) { return std::popcount(v); }
inline int __clz(int v) { return std::countl_zero(static_cast<unsigned>(v)); }
inline int __clzll(long long v) { return std::countl_zero(static_cast<unsigned long long>(v)); }
inline int __ffs(int v) { return v == 0 ? 0 : std::countr_zero(static_cast<unsigned>(v)) + 1; }
inline int __ffsll(long long v) {
  return v == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(v)) + 1;
}
inline unsigned __brev(unsigned v) {
  unsigned r = 0;
  for (int i = 0; i < 32; ++i) r |= ((v >> i) & 1u) << (31 - i);
  return r;
}
inline unsigned long long __brevll(unsigned long long v) {
  return std::uint64_t{__brev(static_cast<unsigned>(v))} << 32 |
         __brev(static_cast<unsigned>(v >> 32));
}
/// The two words hi:lo shifted; the high word of a left shift, the low one of a right shift.
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned shift) {
  return static_cast<unsigned>((std::uint64_t{hi} << 32 | lo) << (shift & 31) >> 32);
}
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned shift) {
  return static_cast<unsigned>((std::uint64_t{hi} << 32 | lo) >> (shift & 31));
}
inline unsigned __funnelshift_lc(unsigned lo, unsigned hi, unsigned shift) {
  return shift >= 32 ? lo : __funnelshift_l(lo, hi, shift);
}
inline unsigned __funnelshift_rc(unsigned lo, unsigned hi, unsigned shift) {
  return shift >= 32 ? hi : __funnelshift_r(lo, hi, shift);
}
/// Four bytes of y:x, chosen by the nibbles of `selector`; a nibble above 7 repeats the sign.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const std::uint64_t bytes = std::uint64_t{y} << 32 | x;
  unsigned r = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned pick = selector >> (4 * i);
    const auto byte = static_cast<unsigned>(bytes >> (8 * (pick & 7))) & 0xffu;
    r |= ((pick & 8) == 0 ? byte : (byte & 0x80) != 0 ? 0xffu : 0u) << (8 * i);
  }
  return r;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(std::uint64_t{a} * b >> 32);
}
inline int __mulhi(int a, int b) { return static_cast<int>(std::int64_t{a} * b >> 32); }
__extension__ using quickbeam_uint128 = unsigned __int128;
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<quickbeam_uint128>(a) * b >> 64);
}
inline unsigned __sad(int a, int b, unsigned c) {
  return static_cast<unsigned>(std::abs(std::int64_t{a} - b)) + c;
}

namespace quickbeam::cuda_on_host {
/// Applies f(byte of a, byte of b) to the bytes of two words, as B (signed or unsigned).
template <class B, class F>
unsigned each_byte(unsigned a, unsigned b, F f) {
  unsigned r = 0;
  for (int i = 0; i < 32; i += 8)
    r |= (static_cast<unsigned>(f(static_cast<B>(a >> i), static_cast<B>(b >> i))) & 0xffu) << i;
  return r;
}
template <class B, class F>
unsigned each_half(unsigned a, unsigned b, F f) {
  unsigned r = 0;
  for (int i = 0; i < 32; i += 16)
    r |= (static_cast<unsigned>(f(static_cast<B>(a >> i), static_cast<B>(b >> i))) & 0xffffu) << i;
  return r;
}
/// The sum of the products of the bytes of two words, plus c; wraps.
template <class A, class B>
unsigned dot_bytes(unsigned a, unsigned b, unsigned c) {
  for (int i = 0; i < 32; i += 8)
    c += static_cast<unsigned>(int{static_cast<A>(a >> i)} * int{static_cast<B>(b >> i)});
  return c;
}
}  // namespace quickbeam::cuda_on_host

// Four bytes, or two halves, at a time.
#define QUICKBEAM_BYTES(name, B, expression)                                                     \
  inline unsigned name(unsigned x, unsigned y) {                                                 \
    return quickbeam::cuda_on_host::each_byte<B>(x, y, [](int a, int b) { return expression; }); \
  }
#define QUICKBEAM_HALVES(name, B, expression)                                                    \
  inline unsigned name(unsigned x, unsigned y) {                                                 \
    return quickbeam::cuda_on_host::each_half<B>(x, y, [](int a, int b) { return expression; }); \
  }
#define QUICKBEAM_SIGNED_AND_UNSIGNED(op, s, expression)   \
  QUICKBEAM_BYTES(__v##op##u4, std::uint8_t, expression)   \
  QUICKBEAM_BYTES(__v##op##s4, std::int8_t, expression)    \
  QUICKBEAM_HALVES(__v##op##u2, std::uint16_t, expression) \
  QUICKBEAM_HALVES(__v##op##s2, std::int16_t, expression)
#define QUICKBEAM_EITHER(op, expression)                \
  QUICKBEAM_BYTES(__v##op##4, std::uint8_t, expression) \
  QUICKBEAM_HALVES(__v##op##2, std::uint16_t, expression)
QUICKBEAM_EITHER(add, a + b)
QUICKBEAM_EITHER(sub, a - b)
QUICKBEAM_EITHER(cmpeq, a == b ? -1 : 0)
QUICKBEAM_EITHER(cmpne, a != b ? -1 : 0)
QUICKBEAM_EITHER(seteq, a == b)
QUICKBEAM_EITHER(setne, a != b)
QUICKBEAM_SIGNED_AND_UNSIGNED(max, , std::max(a, b))
QUICKBEAM_SIGNED_AND_UNSIGNED(min, , std::min(a, b))
QUICKBEAM_SIGNED_AND_UNSIGNED(cmpgt, , a > b ? -1 : 0)
QUICKBEAM_SIGNED_AND_UNSIGNED(cmpge, , a >= b ? -1 : 0)
QUICKBEAM_SIGNED_AND_UNSIGNED(cmplt, , a < b ? -1 : 0)
QUICKBEAM_SIGNED_AND_UNSIGNED(cmple, , a <= b ? -1 : 0)
#undef QUICKBEAM_EITHER
#undef QUICKBEAM_SIGNED_AND_UNSIGNED
#undef QUICKBEAM_HALVES
#undef QUICKBEAM_BYTES

inline int __dp4a(int a, int b, int c) {
  return static_cast<int>(quickbeam::cuda_on_host::dot_bytes<std::int8_t, std::int8_t>(
      static_cast<unsigned>(a), static_cast<unsigned>(b), static_cast<unsigned>(c)));
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  return quickbeam::cuda_on_host::dot_bytes<std::uint8_t, std::uint8_t>(a, b, c);
}

// The three-way forms (single instructions from sm_90 on, written out below it).
#define QUICKBEAM_THREE(T, suffix)                                                  \
  inline T __vimax3_##suffix(T a, T b, T c) { return std::max(std::max(a, b), c); } \
  inline T __vimin3_##suffix(T a, T b, T c) { return std::min(std::min(a, b), c); }
QUICKBEAM_THREE(int, s32)
QUICKBEAM_THREE(unsigned, u32)
#undef QUICKBEAM_THREE
inline int __vimax_s32_relu(int a, int b) { return std::max(std::max(a, b), 0); }
inline int __vimin_s32_relu(int a, int b) { return std::max(std::min(a, b), 0); }
inline int __vimax3_s32_relu(int a, int b, int c) { return std::max(__vimax3_s32(a, b, c), 0); }
inline int __vimin3_s32_relu(int a, int b, int c) { return std::max(__vimin3_s32(a, b, c), 0); }

// Loads and stores with a cache hint.
#define QUICKBEAM_LOAD(name) \
  template <class T>         \
  T name(const T* address) { \
    return *address;         \
  }
QUICKBEAM_LOAD(__ldg)
QUICKBEAM_LOAD(__ldca)
QUICKBEAM_LOAD(__ldcg)
QUICKBEAM_LOAD(__ldcs)
QUICKBEAM_LOAD(__ldlu)
QUICKBEAM_LOAD(__ldcv)
#undef QUICKBEAM_LOAD
#define QUICKBEAM_STORE(name)                            \
  template <class T>                                     \
  void name(T* address, std::type_identity_t<T> value) { \
    *address = value;                                    \
  }
QUICKBEAM_STORE(__stwb)
QUICKBEAM_STORE(__stcg)
QUICKBEAM_STORE(__stcs)
QUICKBEAM_STORE(__stwt)
#undef QUICKBEAM_STORE

// The same bits as another type; arithmetic rounded once, to nearest.
inline int __float_as_int(float v) { return std::bit_cast<int>(v); }
inline unsigned __float_as_uint(float v) { return std::bit_cast<unsigned>(v); }
inline float __int_as_float(int v) { return std::bit_cast<float>(v); }
inline float __uint_as_float(unsigned v) { return std::bit_cast<float>(v); }
inline long long __double_as_longlong(double v) { return std::bit_cast<long long>(v); }
inline double __longlong_as_double(long long v) { return std::bit_cast<double>(v); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
