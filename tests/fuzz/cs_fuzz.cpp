// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a .cs file: an Error, or a set whose ids are valid and whose images count from 1.
#include <cstdint>
#include <cstdlib>
#include <span>

#include <quickbeam/core/error.hpp>

#include "io/npy.hpp"
#include "io/particle_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quickbeam;
  using namespace quickbeam::io;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto check = [](bool holds) {
    if (!holds) std::abort();
  };
  try {
    const NpyTable table = parse_npy_table(bytes, "fuzz.cs", "CS");
    check(table.rows == 0 || table.record_bytes <= size);
    check(table.data.size() == table.rows * table.record_bytes);
    for (const auto& field : table.fields)
      if (table.rows != 0) (void)table.cell(field, table.rows - 1);
  } catch (const Error&) {
  }
  try {
    const ParticleSet set = parse_particle_set(bytes, "fuzz.cs");
    check(set.images.size() == set.rows && set.rows <= size);
    for (const auto& image : set.images) {
      check(image.file < set.files.size() && image.group < set.groups.size());
      check(image.number >= 1);
      const auto name = set.files[image.file];
      check(!name.empty() && name.front() != '/' && !name.starts_with("../"));
    }
  } catch (const Error& error) {
    check(error.info().path == "fuzz.cs" && error.info().offset.value_or(0) <= size);
  }
  return 0;
}
