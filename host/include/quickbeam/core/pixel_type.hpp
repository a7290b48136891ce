// SPDX-License-Identifier: BSD-3-Clause
// The number types a pixel can have, and the one table that ties names, sizes and C++ types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace quickbeam {

/// Element type of an image. i = signed, u = unsigned, f = IEEE 754, followed by the bits.
enum class PixelType : std::uint8_t { i8, u8, i16, u16, i32, u32, i64, u64, f32, f64 };

/// Carries a C++ type as a value, for `visit_type`.
template <class T>
struct TypeTag {
  using type = T;
};

/// Calls `f(TypeTag<T>{})` with the C++ type of `type`: the only switch over pixel types.
template <class F>
constexpr decltype(auto) visit_type(PixelType type, F&& f) {
  switch (type) {
    case PixelType::i8:
      return f(TypeTag<std::int8_t>{});
    case PixelType::u8:
      return f(TypeTag<std::uint8_t>{});
    case PixelType::i16:
      return f(TypeTag<std::int16_t>{});
    case PixelType::u16:
      return f(TypeTag<std::uint16_t>{});
    case PixelType::i32:
      return f(TypeTag<std::int32_t>{});
    case PixelType::u32:
      return f(TypeTag<std::uint32_t>{});
    case PixelType::i64:
      return f(TypeTag<std::int64_t>{});
    case PixelType::u64:
      return f(TypeTag<std::uint64_t>{});
    case PixelType::f32:
      return f(TypeTag<float>{});
    case PixelType::f64:
      return f(TypeTag<double>{});
  }
  return f(TypeTag<double>{});  // unreachable: every enumerator is handled above
}

/// The PixelType of a C++ type.
template <class T>
constexpr PixelType pixel_type_of() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, float>)
    return PixelType::f32;
  else if constexpr (std::is_same_v<U, double>)
    return PixelType::f64;
  else if constexpr (sizeof(U) == 1)
    return std::is_signed_v<U> ? PixelType::i8 : PixelType::u8;
  else if constexpr (sizeof(U) == 2)
    return std::is_signed_v<U> ? PixelType::i16 : PixelType::u16;
  else if constexpr (sizeof(U) == 4)
    return std::is_signed_v<U> ? PixelType::i32 : PixelType::u32;
  else
    return std::is_signed_v<U> ? PixelType::i64 : PixelType::u64;
}

/// Bytes of one pixel.
constexpr std::size_t size_of(PixelType type) {
  return visit_type(type, [](auto tag) { return sizeof(typename decltype(tag)::type); });
}

constexpr bool is_floating(PixelType type) {
  return type == PixelType::f32 || type == PixelType::f64;
}

constexpr bool is_signed(PixelType type) {
  return visit_type(type, [](auto tag) { return std::is_signed_v<typename decltype(tag)::type>; });
}

/// Name as NumPy spells it ("int32", "float64").
constexpr std::string_view name_of(PixelType type) {
  constexpr std::string_view names[] = {"int8",   "uint8", "int16",  "uint16",  "int32",
                                        "uint32", "int64", "uint64", "float32", "float64"};
  return names[static_cast<std::size_t>(type)];
}

}  // namespace quickbeam
