// SPDX-License-Identifier: BSD-3-Clause
// Parses the Python dictionary of a .npy header: the keys in any order, either quote, any blanks.
#include "io/npy_header.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace quickbeam::io {

namespace {

struct TypeName {
  std::string_view code;
  PixelType type;
};
constexpr std::array<TypeName, 11> type_names = {{{"i1", PixelType::i8},
                                                  {"u1", PixelType::u8},
                                                  {"i2", PixelType::i16},
                                                  {"u2", PixelType::u16},
                                                  {"i4", PixelType::i32},
                                                  {"u4", PixelType::u32},
                                                  {"i8", PixelType::i64},
                                                  {"u8", PixelType::u64},
                                                  {"f4", PixelType::f32},
                                                  {"f8", PixelType::f64},
                                                  {"b1", PixelType::u8}}};

/// Walks over the text token by token.
class Parser {
 public:
  Parser(std::string_view text, std::uint64_t begin, const NpyFaults& faults, NpyKind kind)
      : text_(text), begin_(begin), faults_(faults), kind_(kind) {}

  NpyHeader dictionary() {
    expect('{');
    while (!accept('}')) {
      entry();
      if (accept('}')) break;
      expect(',');
    }
    skip_blanks();
    if (at_ < text_.size()) fail(ErrorCode::bad_field, "header", "only blanks after '}'");
    require(seen_descr_, "descr");
    require(seen_order_, "fortran_order");
    require(seen_shape_, "shape");
    return std::move(header_);
  }

 private:
  void entry() {
    const std::string_view key = quoted("header");
    expect(':');
    skip_blanks();
    if (key == "descr") {
      once(seen_descr_, key);
      descr();
    } else if (key == "fortran_order") {
      once(seen_order_, key);
      fortran_order();
    } else if (key == "shape") {
      once(seen_shape_, key);
      shape();
    } else {
      fail(ErrorCode::bad_field, std::string(key), "descr, fortran_order and shape only");
    }
  }

  void descr() {
    if (kind_ == NpyKind::table) return fields();
    if (peek() == '[' || peek() == '(')
      fail(ErrorCode::unsupported, "descr", "a plain number type", "a structured type");
    const std::size_t start = at_;
    std::string_view code = quoted("descr");
    const std::string whole(code);
    if (!code.empty() && std::string_view("<>|=").find(code[0]) != std::string_view::npos) {
      header_.order = code[0] == '>' ? ByteOrder::big : ByteOrder::little;
      code.remove_prefix(1);
    }
    for (const auto& [name, type] : type_names)
      if (name == code) return void(header_.type = type);
    at_ = start;
    fail(ErrorCode::unsupported, "descr", "an integer, float32, float64 or bool type", whole);
  }

  /// A list of tuples: (name, type) or (name, type, shape).
  void fields() {
    if (peek() != '[') fail(ErrorCode::unsupported, "descr", "a list of fields", std::nullopt);
    expect('[');
    while (!accept(']')) {
      header_.fields.push_back(field());
      if (accept(']')) break;
      expect(',');
    }
  }

  NpyField field() {
    NpyField field;
    expect('(');
    const std::size_t start = at_;
    field.name = quoted("descr");
    for (const auto& other : header_.fields)
      if (!field.name.empty() && other.name == field.name) {
        at_ = start;
        fail(ErrorCode::inconsistent, "descr", "each field once");
      }
    expect(',');
    field_type(field);
    if (accept(',') && !accept(')')) {
      field_shape(field);
      (void)accept(',');
      expect(')');
    } else if (text_[at_ - 1] != ')') {
      expect(')');
    }
    place(field, start);
    return field;
  }

  /// "<u4", "|S87", "<U16" (4 bytes a character).
  void field_type(NpyField& field) {
    skip_blanks();
    const std::size_t start = at_;
    if (peek() == '[' || peek() == '(')
      fail(ErrorCode::unsupported, field.name, "a plain type", "a structured type");
    std::string_view code = quoted("descr");
    const std::string whole(code);
    if (!code.empty() && std::string_view("<>|=").find(code[0]) != code.npos) {
      field.order = code[0] == '>' ? ByteOrder::big : ByteOrder::little;
      code.remove_prefix(1);
    }
    const char* const last = code.data() + code.size();
    const bool known = !code.empty() && std::string_view("biufcSUV").find(code[0]) != code.npos;
    const auto number = known ? std::from_chars(code.data() + 1, last, field.item_bytes)
                              : std::from_chars_result{nullptr, std::errc::invalid_argument};
    if (number.ec != std::errc{} || number.ptr != last) {
      at_ = start;
      fail(ErrorCode::unsupported, field.name, "a number or a text of fixed length", whole);
    }
    field.kind = code[0];
    if (field.kind == 'U' && __builtin_mul_overflow(field.item_bytes, 4u, &field.item_bytes))
      fail(ErrorCode::overflow, field.name, "a size below 2^63 bytes");
  }

  void field_shape(NpyField& field) {
    expect('(');
    while (!accept(')')) {
      if (__builtin_mul_overflow(field.count, static_cast<std::uint64_t>(number()), &field.count))
        fail(ErrorCode::overflow, field.name, "a size below 2^63 bytes");
      if (accept(')')) break;
      expect(',');
    }
  }

  /// Gives the field its offset; `start` is where it stands in the header.
  void place(NpyField& field, std::size_t start) {
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    std::uint64_t bytes = 0, end = 0;
    field.offset = header_.record_bytes;
    if (__builtin_mul_overflow(field.item_bytes, field.count, &bytes) ||
        __builtin_add_overflow(field.offset, bytes, &end) || end > most) {
      at_ = start;
      fail(ErrorCode::overflow, field.name, "a record below 2^62 bytes");
    }
    header_.record_bytes = end;
  }

  void fortran_order() {
    if (accept_word("False")) return;
    const bool fortran = accept_word("True");
    fail(fortran ? ErrorCode::unsupported : ErrorCode::bad_field, "fortran_order", "False",
         fortran ? "True" : "");
  }

  void shape() {
    const std::size_t start = at_;
    header_.shape_offset = begin_ + at_;
    expect('(');
    while (!accept(')')) {
      header_.shape.push_back(number());
      if (accept(')')) break;
      expect(',');
    }
    const std::size_t axes = header_.shape.size();
    const bool table = kind_ == NpyKind::table;
    if (table ? axes == 1 : axes == 2 || axes == 3) return;
    at_ = start;
    fail(ErrorCode::unsupported, "shape", table ? "1 axis" : "2 or 3 axes", std::to_string(axes));
  }

  /// A whole number above 0 (a table may have no rows); Python 2 wrote some with an L behind.
  std::int64_t number() {
    skip_blanks();
    std::int64_t value = 0;
    const char* const first = text_.data() + at_;
    const auto [last, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range)
      fail(ErrorCode::overflow, "shape", "numbers below 2^63");
    if (error != std::errc{}) fail(ErrorCode::bad_field, "shape", "a whole number");
    if (value < 0 || (value == 0 && kind_ == NpyKind::images))
      fail(ErrorCode::bad_field, "shape", "numbers above 0", std::to_string(value));
    at_ += static_cast<std::size_t>(last - first);
    if (peek() == 'L') ++at_;
    return value;
  }

  std::string_view quoted(std::string_view field) {
    skip_blanks();
    const char quote = peek();
    if (quote != '\'' && quote != '"')
      fail(ErrorCode::bad_field, std::string(field), "a quoted word");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos)
      fail(ErrorCode::bad_field, std::string(field), "a closing quote");
    const std::string_view word = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return word;
  }

  void once(bool& seen, std::string_view key) {
    if (seen) fail(ErrorCode::inconsistent, std::string(key), "the key once", "it twice");
    seen = true;
  }
  void require(bool seen, std::string_view key) {
    if (!seen) fail(ErrorCode::bad_field, std::string(key), "the key", "no such key");
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool accept(char c) {
    skip_blanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool accept_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(ErrorCode::bad_field, "header", std::string("'") + c + "'");
  }

  /// `found` defaults to the text at the current position.
  [[noreturn]] void fail(ErrorCode code, std::string field, std::string expected,
                         std::optional<std::string> found = std::nullopt) const {
    if (!found) found = at_ < text_.size() ? text_.substr(at_, 24) : "the end of the header";
    faults_.fail(code, std::move(field), begin_ + at_, std::move(expected), std::move(*found));
  }

  std::string_view text_;
  std::uint64_t begin_;
  const NpyFaults& faults_;
  NpyKind kind_;
  std::size_t at_ = 0;
  NpyHeader header_;
  bool seen_descr_ = false, seen_order_ = false, seen_shape_ = false;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, std::uint64_t begin, const NpyFaults& faults,
                           NpyKind kind) {
  return Parser(text, begin, faults, kind).dictionary();
}

std::string npy_descr(PixelType type) {
  for (const auto& [name, known] : type_names)
    if (known == type) return (size_of(type) == 1 ? "|" : "<") + std::string(name);
  return {};  // unreachable: the table holds every type
}

}  // namespace quickbeam::io
