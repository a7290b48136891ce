// SPDX-License-Identifier: BSD-3-Clause
// The saved fuzz corpus of the CBF container is what the builder makes; with QUICKBEAM_WRITE_CORPUS
// set in the environment it is written again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/oracle/cbf_builder.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using oracle::CbfParts;
using oracle::good_cbf;

CbfParts pilatus() {
  CbfParts file = good_cbf();
  file.text = oracle::pilatus_text();
  file.section().set("X-Binary-Size-Padding", "16");
  file.section().padding = std::string(16, '\0');
  return file;
}

CbfParts with_type(const std::string& content_type) {
  CbfParts file = good_cbf();
  file.section().content_type = content_type;
  return file;
}

CbfParts raw_reals() {
  CbfParts file = with_type("application/octet-stream");
  file.section().data = std::string(256, '\x40');
  file.section().set("X-Binary-Size", "256");
  file.section().set("X-Binary-Element-Type", "\"signed 64-bit real IEEE\"");
  file.section().set("Content-MD5", "4mWzMHZtbMB5TqvnYZrFhA==");
  return file;
}

CbfParts two_sections() {
  CbfParts file = good_cbf();
  file.text =
      "data_x\r\n_diffrn_detector.type 'CS PAD'\r\nloop_\r\n_array_structure_list.array_id\r\n"
      "_array_structure_list.dimension\r\n_array_structure_list.precedence\r\nA 8 1\r\nA 4 2\r\n";
  file.section().drop("X-Binary-Size-Fastest-Dimension");
  file.section().drop("X-Binary-Size-Second-Dimension");
  file.sections.push_back(file.section());
  return file;
}

CbfParts depth() {
  CbfParts file =
      with_type("application/octet-stream;\r\n conversions=\"x-CBF_PACKED_V2\"; \"flat\"");
  file.section().set("X-Binary-Size-Second-Dimension", "2");
  file.section().set("X-Binary-Size-Third-Dimension", "2");
  return file;
}

CbfParts oddities() {
  CbfParts file = good_cbf();
  file.magic = "# no magic\n";
  file.text = "# Wavelength -1 A\n# Beam_xy (1, 2) mm\n# Tau = 1e-7 \\\n# s\n";
  file.section().set("X-Binary-Element-Byte-Order", "BIG_ENDIAN");
  file.section().set("X-Binary-Size-Padding", "-3");
  file.section().set("X-Binary-Size", "0");
  file.section().set("Content-MD5", "abc");
  file.section().drop("X-Binary-Element-Type");
  return file;
}

std::map<std::string, std::string> corpus() {
  const std::string good = good_cbf().bytes();
  return {{"good.cbf", good},
          {"pilatus.cbf", pilatus().bytes()},
          {"raw_reals.cbf", raw_reals().bytes()},
          {"two_sections.cbf", two_sections().bytes()},
          {"depth.cbf", depth().bytes()},
          {"oddities.cbf", oddities().bytes()},
          {"packed.cbf", with_type("application/octet-stream; conversions=x-CBF_PACKED").bytes()},
          {"cut.cbf", good.substr(0, good.size() - 60)},
          {"zeros.cbf", good.substr(0, good.find("\x0c\x1a")) + std::string(64, '\0')}};
}

TEST(CbfCorpus, TheSavedFilesAreTheGeneratedOnes) {
  const auto folder =
      std::filesystem::path(test::source_folder()) / "tests/fuzz/corpus/cbf_container";
  for (const auto& [name, bytes] : corpus()) {
    if (std::getenv("QUICKBEAM_WRITE_CORPUS") != nullptr)
      std::ofstream(folder / name, std::ios::binary) << bytes;
    std::ifstream in(folder / name, std::ios::binary);
    const std::string saved{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(saved, bytes) << name;
    EXPECT_LT(bytes.size(), 4096U) << name;
  }
}

}  // namespace
}  // namespace quickbeam
