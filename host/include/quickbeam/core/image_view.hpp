// SPDX-License-Identifier: BSD-3-Clause
// Borrowed images: where the pixels are, how many, and how far apart the rows lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/macros.hpp>
#include <quickbeam/core/pixel_type.hpp>

namespace quickbeam {

/// A borrowed image of T. `pitch` is the distance between rows in elements (>= width).
template <class T>
struct ImageView {
  T* data = nullptr;
  Extent extent{};
  std::int64_t pitch = 0;

  ImageView() = default;
  QUICKBEAM_HD ImageView(T* pixels, Extent size) : ImageView(pixels, size, size.width) {}
  QUICKBEAM_HD ImageView(T* pixels, Extent size, std::int64_t row_pitch)
      : data(pixels), extent(size), pitch(row_pitch) {}
  /// A view of T is also a view of const T.
  template <class U>
  requires std::is_same_v<const U, T> QUICKBEAM_HD ImageView(const ImageView<U>& other)
      : data(other.data), extent(other.extent), pitch(other.pitch) {}

  QUICKBEAM_HD T* row(std::int64_t y) const { return data + y * pitch; }
  QUICKBEAM_HD T& operator()(std::int64_t x, std::int64_t y) const { return data[y * pitch + x]; }
  QUICKBEAM_HD bool contiguous() const { return pitch == extent.width; }
};

/// A borrowed image whose pixel type is known at run time. Byte is `std::byte` or `const
/// std::byte`.
template <class Byte>
struct BasicAnyView {
  PixelType type = PixelType::u8;
  Byte* data = nullptr;
  Extent extent{};
  std::int64_t pitch_bytes = 0;

  BasicAnyView() = default;
  BasicAnyView(PixelType t, Byte* bytes, Extent size)
      : type(t),
        data(bytes),
        extent(size),
        pitch_bytes(size.width * static_cast<std::int64_t>(size_of(t))) {}
  template <class T>
  explicit BasicAnyView(const ImageView<T>& view)
      : type(pixel_type_of<T>()),
        data(reinterpret_cast<Byte*>(view.data)),
        extent(view.extent),
        pitch_bytes(view.pitch * static_cast<std::int64_t>(sizeof(T))) {}

  /// The typed view. Precondition: T is the pixel type.
  template <class T>
  auto as() const {
    using Element = std::conditional_t<std::is_const_v<Byte>, const T, T>;
    return ImageView<Element>(reinterpret_cast<Element*>(data), extent,
                              pitch_bytes / static_cast<std::int64_t>(sizeof(T)));
  }
};
using AnyView = BasicAnyView<std::byte>;
using ConstAnyView = BasicAnyView<const std::byte>;

/// Calls `f` with the typed view of `any`.
template <class Byte, class F>
decltype(auto) visit(const BasicAnyView<Byte>& any, F&& f) {
  return visit_type(any.type,
                    [&](auto tag) { return f(any.template as<typename decltype(tag)::type>()); });
}

}  // namespace quickbeam
