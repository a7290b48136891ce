// SPDX-License-Identifier: BSD-3-Clause
// Two results value by value.
#include "host/src/verify_compare.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

#include "host/src/number_text.hpp"

namespace quickbeam {
namespace {

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b) || (a != a && b != b);
  } else {
    return a == b;
  }
}

template <class T>
std::string text_of(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return number_text(static_cast<double>(value));
  else
    return std::to_string(value);
}

std::string text_of(ConstAnyView view) {
  return std::string(name_of(view.type)) + " " + std::to_string(view.extent.width) + " x " +
         std::to_string(view.extent.height);
}

}  // namespace

void Comparison::differ(VerifyDifference difference) {
  if (++cell_.differences > 1) return;
  difference.input = input_;
  difference.frame = frame_;
  cell_.first = std::move(difference);
}

void Comparison::images(ConstAnyView expected, ConstAnyView found) {
  const auto pixels = static_cast<std::uint64_t>(expected.extent.pixels());
  if (expected.type != found.type || expected.extent != found.extent) {
    text("size and type", text_of(expected), text_of(found));
    cell_.values += pixels;
    cell_.differences += pixels;
    return;
  }
  cell_.values += pixels;
  visit(expected, [&](auto a) {
    using T = std::remove_cvref_t<decltype(a(0, 0))>;
    const auto b = found.as<T>();
    for (std::int64_t y = 0; y < a.extent.height; ++y)
      for (std::int64_t x = 0; x < a.extent.width; ++x)
        if (!same<T>(a(x, y), b(x, y)))
          differ({.x = x, .y = y, .expected = text_of<T>(a(x, y)), .found = text_of<T>(b(x, y))});
  });
}

void Comparison::reduced(const ReducedImage& expected, const ReducedImage& found) {
  images(expected.values.const_view(), found.values.const_view());
  const auto a = expected.saturated.as<const std::uint8_t>();
  const auto b = found.saturated.as<const std::uint8_t>();
  if (a.extent != b.extent) {
    images(expected.saturated.const_view(), found.saturated.const_view());
    return;
  }
  cell_.values += static_cast<std::uint64_t>(a.extent.pixels());
  const auto word = [](std::uint8_t flag) {
    return flag == 0 ? std::string("unsaturated") : "saturated (" + std::to_string(flag) + ")";
  };
  for (std::int64_t y = 0; y < a.extent.height; ++y)
    for (std::int64_t x = 0; x < a.extent.width; ++x)
      if (a(x, y) != b(x, y))
        differ({.x = x, .y = y, .expected = word(a(x, y)), .found = word(b(x, y))});
}

void Comparison::levels(LevelRange expected, LevelRange found) {
  for (const auto& [place, a, b] : {std::tuple{"low level", expected.low, found.low},
                                    std::tuple{"high level", expected.high, found.high}}) {
    ++cell_.values;
    if (!same(a, b)) differ({.place = place, .expected = text_of(a), .found = text_of(b)});
  }
}

void Comparison::numbers(const ReducedNumbers& expected, const ReducedNumbers& found) {
  text("number of valid pixels", text_of(expected.valid), text_of(found.valid));
  text("number of masked pixels", text_of(expected.masked), text_of(found.masked));
  text("number of saturated pixels", text_of(expected.saturated), text_of(found.saturated));
  text("highest value", text_of(expected.highest), text_of(found.highest));
}

bool Comparison::done_by(std::string_view backend, const ReduceOutcome& outcome) {
  if (outcome.backend == backend) return true;
  ++cell_.elsewhere;
  if (cell_.reason.empty())
    cell_.reason = "done by " + std::string(outcome.backend) +
                   (outcome.notice.empty() ? "" : ": " + outcome.notice);
  return false;
}

void Comparison::bytes(std::span<const std::byte> expected, std::span<const std::byte> found,
                       const std::string& name) {
  cell_.values += expected.size();
  const auto value = [](std::span<const std::byte> bytes, std::size_t i) {
    return i < bytes.size() ? std::to_string(std::to_integer<int>(bytes[i])) : std::string("none");
  };
  for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i)
    if (i >= expected.size() || i >= found.size() || expected[i] != found[i])
      differ({.place = "byte " + std::to_string(i) + " of the " + name,
              .expected = value(expected, i),
              .found = value(found, i)});
}

void Comparison::real(const std::string& place, double expected, double found, double tolerance) {
  ++cell_.values;
  if (!(std::abs(found - expected) <= tolerance))
    differ({.place = place, .expected = text_of(expected), .found = text_of(found)});
}

void Comparison::text(const std::string& place, const std::string& expected,
                      const std::string& found) {
  ++cell_.values;
  if (expected != found) differ({.place = place, .expected = expected, .found = found});
}

void Comparison::nothing(std::uint64_t values, const std::string& what) {
  cell_.values += values;
  differ({.place = "all", .expected = std::to_string(values) + " values", .found = what});
  cell_.differences += values - std::min<std::uint64_t>(values, 1);
}

std::string comparable(const ErrorInfo& error) {
  ErrorInfo info = error;
  info.path.clear();
  info.frame.reset();
  return to_string(info);
}

void merge(VerifyCell& all, const VerifyCell& part) {
  all.values += part.values;
  all.differences += part.differences;
  all.elsewhere += part.elsewhere;
  if (!all.first) all.first = part.first;
  if (all.reason.empty()) all.reason = part.reason;
}

}  // namespace quickbeam
