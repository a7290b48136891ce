// SPDX-License-Identifier: BSD-3-Clause
// Makes a ParticleSet row by row: names become file ids, each checked once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <quickbeam/core/error.hpp>

#include "io/particle_set.hpp"

namespace quickbeam::io {

class StarDocument;

/// Why a row cannot be taken. Readers catch it and say where the row stands.
struct SetRefusal {
  ErrorCode code;
  std::string expected, found;
};

class SetBuilder {
 public:
  SetBuilder(ParticleSet& set, Outside outside) : set_(set), outside_(outside) {}

  ParticleSet& set() { return set_; }
  /// Checks the number of rows and takes room for them.
  void reserve(std::uint64_t rows);
  /// `name` as in "000012@stack.mrcs". Names must live as long as the builder. Throws SetRefusal.
  void add_name(std::string_view name, std::uint64_t row, std::uint32_t group);
  void add(std::string_view file, std::int64_t number, std::uint64_t row, std::uint32_t group);
  /// The group with that key; `made` is true when it is new and still empty.
  OpticsGroup& group(const std::string& key, std::uint32_t& id, bool& made);

 private:
  std::uint32_t file_id(std::string_view file);

  ParticleSet& set_;
  Outside outside_;
  std::unordered_map<std::string_view, std::uint32_t> names_;  // as written
  std::unordered_map<std::string, std::uint32_t> normal_;      // "./a//b" and "a/b" are one file
  std::unordered_map<std::string, std::uint32_t> groups_;
  std::string_view last_name_;
  std::uint32_t last_id_ = 0;
};

void read_star_set(const StarDocument& document, SetBuilder& builder);
void read_cs_set(std::span<const std::byte> bytes, SetBuilder& builder);
void read_list_set(std::string_view text, SetBuilder& builder);

}  // namespace quickbeam::io
