// SPDX-License-Identifier: BSD-3-Clause
// cryoSPARC's .cs: a structured NumPy array, one record a particle.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "io/npy.hpp"
#include "io/set_builder.hpp"

namespace quickbeam::io {
namespace {

constexpr std::int64_t longest_side = std::int64_t{1} << 31;

/// The bits of a little- or big-endian number of up to 8 bytes.
std::uint64_t bits_of(std::span<const std::byte> bytes, ByteOrder order) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = std::to_integer<std::uint64_t>(
        order == ByteOrder::little ? bytes[i] : bytes[bytes.size() - 1 - i]);
    bits |= byte << (8 * i);
  }
  return bits;
}

/// cryoSPARC keeps 0.83 as a float32. The shortest decimal that is this float is what was meant.
double shortest_decimal(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double number = value;
  std::from_chars(text, end, number);
  return number;
}

class CsReader {
 public:
  CsReader(std::span<const std::byte> bytes, SetBuilder& builder)
      : builder_(builder),
        table_(parse_npy_table(bytes, builder.set().path, "CS")),
        path_(required("blob/path", "S")),
        index_(required("blob/idx", "iu")),
        shape_(optional("blob/shape", "iu", 2)),
        pixel_(optional("blob/psize_A", "f")),
        voltage_(optional("ctf/accel_kv", "f")),
        aberration_(optional("ctf/cs_mm", "f")),
        contrast_(optional("ctf/amp_contrast", "f")) {}

  void read() {
    ParticleSet& set = builder_.set();
    set.format = SetFormat::cs;
    set.label = "blob/path";
    builder_.reserve(table_.rows);
    for (row_ = 0; row_ < table_.rows; ++row_) try {
        const std::uint32_t group = group_of_row();
        builder_.add(file_name(), number(), row_, group);
      } catch (const SetRefusal& refusal) {
        refuse(refusal.code, path_, refusal.expected, refusal.found);
      }
  }

 private:
  /// A field of `count` values of one of the `kinds`. Throws BAD_FIELD or UNSUPPORTED.
  const NpyField* optional(std::string_view name, std::string_view kinds,
                           std::uint64_t count = 1) const {
    const NpyField* const field = table_.find(name);
    if (field == nullptr) return nullptr;
    const bool number = kinds != "S";
    const bool width_fits = !number || field->item_bytes == 4 || field->item_bytes == 8 ||
                            (kinds == "iu" && (field->item_bytes == 1 || field->item_bytes == 2));
    if (kinds.find(field->kind) == kinds.npos || field->count != count || !width_fits)
      faults().fail(ErrorCode::unsupported, std::string(name), table_.descr_offset,
                    "type " + std::string(kinds) + ", " + std::to_string(count) + " a row",
                    std::string(1, field->kind) + std::to_string(field->item_bytes) + ", " +
                        std::to_string(field->count) + " a row");
    return field;
  }

  const NpyField* required(std::string_view name, std::string_view kinds) const {
    if (const NpyField* const field = optional(name, kinds)) return field;
    std::string names;
    for (const auto& field : table_.fields) names += (names.empty() ? "" : " ") + field.name;
    faults().fail(ErrorCode::bad_field, std::string(name), table_.descr_offset, "the field",
                  "only " + names);
  }

  /// Project-relative; cryoSPARC puts '>' before names of its own and fills up with NUL.
  std::string_view file_name() const {
    const auto bytes = table_.cell(*path_, row_);
    std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    name = name.substr(0, name.find_last_not_of('\0') + 1);  // npos + 1 == 0
    if (name.starts_with('>')) name.remove_prefix(1);
    if (name.empty() || name.find('\0') != name.npos)
      refuse(ErrorCode::bad_field, path_, "a file name", name.empty() ? "none" : "a NUL in it");
    return name;
  }

  std::uint64_t whole(const NpyField* field, std::size_t i) const {
    const auto bytes = table_.cell(*field, row_).subspan(i * field->item_bytes, field->item_bytes);
    const std::uint64_t bits = bits_of(bytes, field->order);
    const bool negative = field->kind == 'i' && (bits >> (8 * field->item_bytes - 1) & 1) != 0;
    if (negative) refuse(ErrorCode::bad_field, field, "a number from 0 on", "a negative number");
    return bits;
  }

  /// blob/idx counts from 0.
  std::int64_t number() const {
    const std::uint64_t index = whole(index_, 0);
    if (index >= 0xffffffffu)
      refuse(ErrorCode::limit, index_, "an index below 2^32 - 1", std::to_string(index));
    return static_cast<std::int64_t>(index) + 1;
  }

  double real(const NpyField* field) const {
    const std::uint64_t bits = bits_of(table_.cell(*field, row_), field->order);
    double value = 0;
    if (field->item_bytes == 8) {
      std::memcpy(&value, &bits, sizeof value);
    } else {
      const auto low = static_cast<std::uint32_t>(bits);
      float narrow = 0;
      std::memcpy(&narrow, &low, sizeof narrow);
      value = std::isfinite(narrow) ? shortest_decimal(narrow) : narrow;
    }
    if (!std::isfinite(value)) refuse(ErrorCode::bad_field, field, "a finite number", "none");
    return value;
  }

  std::optional<double> optional_real(const NpyField* field) const {
    return field == nullptr ? std::nullopt : std::optional(real(field));
  }

  /// Groups are the distinct bytes of the fields that make them.
  std::uint32_t group_of_row() {
    std::string key;
    for (const NpyField* field : {shape_, pixel_, voltage_, aberration_, contrast_})
      if (field != nullptr) {
        const auto bytes = table_.cell(*field, row_);
        key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      }
    if (row_ != 0 && key == last_key_) return last_group_;
    bool made = false;
    OpticsGroup& group = builder_.group(key, last_group_, made);
    if (made) fill(group);
    last_key_ = std::move(key);
    return last_group_;
  }

  void fill(OpticsGroup& group) const {
    group.pixel_size_angstrom = optional_real(pixel_);
    if (group.pixel_size_angstrom && *group.pixel_size_angstrom <= 0)
      refuse(ErrorCode::bad_field, pixel_, "a number above 0", "0 or less");
    group.voltage_kv = optional_real(voltage_);
    group.spherical_aberration_mm = optional_real(aberration_);
    group.amplitude_contrast = optional_real(contrast_);
    if (shape_ == nullptr) return;
    const std::uint64_t height = whole(shape_, 0), width = whole(shape_, 1);
    for (const std::uint64_t side : {height, width})
      if (side == 0 || side > static_cast<std::uint64_t>(longest_side))
        refuse(ErrorCode::bad_field, shape_, "sides from 1 to 2^31", std::to_string(side));
    group.image_size = Extent{static_cast<std::int64_t>(width), static_cast<std::int64_t>(height)};
  }

  NpyFaults faults() const { return {builder_.set().path, "CS"}; }

  [[noreturn]] void refuse(ErrorCode code, const NpyField* field, std::string expected,
                           std::string found) const {
    faults().fail(code, field->name + " of row " + std::to_string(row_ + 1),
                  table_.data_offset + row_ * table_.record_bytes + field->offset,
                  std::move(expected), std::move(found));
  }

  SetBuilder& builder_;
  NpyTable table_;
  const NpyField *path_, *index_, *shape_, *pixel_, *voltage_, *aberration_, *contrast_;
  std::uint64_t row_ = 0;
  std::string last_key_;
  std::uint32_t last_group_ = 0;
};

}  // namespace

void read_cs_set(std::span<const std::byte> bytes, SetBuilder& builder) {
  CsReader(bytes, builder).read();
}

}  // namespace quickbeam::io
