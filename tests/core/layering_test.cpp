// SPDX-License-Identifier: BSD-3-Clause
// Who may include whom: reads the include lines of every source file (docs/architecture.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

const Names cuda_headers = {"cuda", "cub/", "thrust/", "cooperative_groups", "nv/", "device_"};
const Names posix_headers = {"sys/",     "fcntl.h", "unistd.h",  "dirent.h", "glob.h",
                             "signal.h", "poll.h",  "pthread.h", "sched.h"};
const Names codec_headers = {"png.h",  "jpeglib.h",    "jerror.h", "bzlib.h",
                             "zlib.h", "libdeflate.h", "md5.h"};

Names join(std::initializer_list<Names> lists) {
  Names all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// What the files under `folder` may include beside the C++ standard library: beginnings of names.
struct Layer {
  std::string folder;
  Names allowed;
};

/// The most special folder first: the first that fits a file is its layer.
const std::vector<Layer>& layers() {
  static const Names core = {"quickbeam/core/"};
  static const Names engine = {"quickbeam/", "kernels/", "io/", "host/src/"};
  static const std::vector<Layer> all = {
      {"host/include/quickbeam/core/", join({core, {"sys/mman.h"}})},
      {"host/include/", {"quickbeam/"}},
      {"kernels/cuda/", join({core, {"kernels/"}, cuda_headers})},
      {"kernels/cpu/", join({core, {"kernels/", "hwy/"}})},
      {"kernels/", join({core, {"kernels/"}})},
      {"io/", join({core, {"io/"}, codec_headers, posix_headers})},
      {"host/src/cuda/", join({engine, cuda_headers})},
      {"host/src/", join({engine, posix_headers, {"libdeflate.h"}})},  // for its CRC-32
      {"host/cli/", join({engine, {"host/cli/", "CLI/", "fmt/", "nlohmann/"}, posix_headers})},
  };
  return all;
}

bool begins_with_any(std::string_view name, const Names& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const auto& begin) { return name.starts_with(begin); });
}

/// Standard headers are the ones without a folder and without a suffix.
bool is_standard(std::string_view name) { return name.find_first_of("./") == std::string::npos; }

std::string_view without_leading_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? "" : text.substr(first);
}

/// Takes `word` from the front of `text`, blanks before it included.
bool take(std::string_view& text, std::string_view word) {
  const auto rest = without_leading_blanks(text);
  if (!rest.starts_with(word)) return false;
  text = rest.substr(word.size());
  return true;
}

/// The names in the include lines of `text`; #include MACRO names nothing.
Names includes_of(const std::string& text) {
  Names names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string_view rest = line;
    if (take(rest, "#") && take(rest, "include") && (take(rest, "<") || take(rest, "\"")))
      names.emplace_back(rest.substr(0, rest.find_first_of(">\"")));
  }
  return names;
}

/// The includes of a file that its layer does not allow, one line each; "" when all is well.
std::string forbidden_includes(const std::string& path, const std::string& text) {
  const auto layer = std::find_if(layers().begin(), layers().end(),
                                  [&](const auto& l) { return path.starts_with(l.folder); });
  if (layer == layers().end()) return path + " belongs to no layer\n";
  std::string found;
  for (const auto& name : includes_of(text))
    if (!is_standard(name) && !begins_with_any(name, layer->allowed))
      found.append(path).append(" includes ").append(name).append("\n");
  return found;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Every file with one of the suffixes under the folders, relative to the top of the tree, sorted.
Names files_under(const Names& folders, const Names& suffixes) {
  const fs::path top = test::source_folder();
  Names files;
  for (const auto& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(top / folder))
      if (std::find(suffixes.begin(), suffixes.end(), entry.path().extension()) != suffixes.end())
        files.push_back(fs::relative(entry.path(), top).generic_string());
  std::sort(files.begin(), files.end());
  return files;
}

const Names source_suffixes = {".hpp", ".cpp", ".h", ".c", ".cu", ".cuh"};

TEST(Layering, EveryFileIncludesOnlyWhatItsLayerAllows) {
  const Names files = files_under({"host", "io", "kernels"}, source_suffixes);
  ASSERT_GT(files.size(), 20u);
  std::string found;
  for (const auto& file : files)
    found += forbidden_includes(file, read(fs::path(test::source_folder()) / file));
  EXPECT_EQ(found, "");
}

TEST(Layering, TheCheckSeesWhatItForbids) {
  struct Case {
    const char* path;
    const char* line;
  };
  const Case forbidden[] = {
      {"kernels/cpu/x.cpp", "#include \"io/cbf.hpp\""},
      {"kernels/reduce.hpp", "#include <hwy/highway.h>"},
      {"io/cbf.cpp", "#include \"kernels/packed.hpp\""},
      {"io/cbf.cpp", "#include \"host/src/plan.hpp\""},
      {"io/cbf.cpp", "int a;\n  #  include <fmt/format.h>"},
      {"kernels/cpu/x.cpp", "#include <cuda_runtime.h>"},
      {"kernels/reduce.hpp", "#include <cub/cub.cuh>"},
      {"host/src/plan.cpp", "#include <cuda_runtime_api.h>"},
      {"host/src/plan.cpp", "#include <nlohmann/json.hpp>"},
      {"host/include/quickbeam/core/a.hpp", "#include <quickbeam/engine.hpp>"},
      {"host/include/quickbeam/engine.hpp", "#include \"kernels/packed.hpp\""},
      {"io/cbf.cpp", "#include \"cbf.hpp\""},
      {"elsewhere/x.cpp", ""},
  };
  for (const auto& c : forbidden) EXPECT_NE(forbidden_includes(c.path, c.line), "") << c.line;
  EXPECT_EQ(forbidden_includes("kernels/cuda/x.cu", "#include <cub/cub.cuh>\n#include <array>"),
            "");
  EXPECT_EQ(forbidden_includes("host/cli/x.cpp", "#include <CLI/CLI.hpp>"), "");
  EXPECT_EQ(forbidden_includes("host/src/plan.cpp", "#include \"io/cbf.hpp\""), "");
}

/// Calls of the CUDA runtime in `text`, comments left out: "cudaMalloc(", one line each.
std::string cuda_calls(const std::string& text) {
  static const std::regex call("\\bcuda[A-Z]\\w*\\s*\\(");
  std::istringstream lines(text);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find("//"));
    for (std::sregex_iterator at(line.begin(), line.end(), call), end; at != end; ++at)
      found += at->str() + "\n";
  }
  return found;
}

TEST(Layering, TheCudaRuntimeIsCalledInFewPlaces) {
  const Names allowed = {"host/src/cuda/runtime.hpp", "host/src/cuda/runtime.cpp",
                         "kernels/cuda/check.hpp", "kernels/cuda/launch.cuh"};
  std::string found;
  for (const auto& file : files_under({"host", "io", "kernels"}, source_suffixes)) {
    const std::string calls = cuda_calls(read(fs::path(test::source_folder()) / file));
    if (std::find(allowed.begin(), allowed.end(), file) != allowed.end())
      EXPECT_NE(calls, "") << file << " need not be in the list";
    else if (!calls.empty())
      found.append(file).append(" calls ").append(calls);
  }
  EXPECT_EQ(found, "");
  EXPECT_EQ(cuda_calls("x = cudaMalloc(&p, 4); // cudaFree(p)\n cudaStream_t s; cudaFree (p);"),
            "cudaMalloc(\ncudaFree (\n");
}

TEST(SourceFiles, BeginWithTheLicenceAndSayWhatTheyAre) {
  const fs::path top = test::source_folder();
  const Names folders = {"bench", "host", "io", "kernels", "tests"};
  std::string found;
  for (const auto& file : files_under(folders, source_suffixes)) {
    const std::string text = read(top / file);
    if (!text.starts_with("// SPDX-License-Identifier: BSD-3-Clause\n"))
      found += file + ": the first line is not the SPDX line\n";
    // A test says what it is by its name, and a stub has nothing to say yet; every other file has
    // a sentence in its second line.
    else if (!file.ends_with("_test.cpp") && std::count(text.begin(), text.end(), '\n') > 3 &&
             text.find("\n// ") != text.find('\n'))
      found += file + ": the second line is not a comment that says what the file is\n";
  }
  EXPECT_EQ(found, "");
}

TEST(SourceFiles, BuildFilesAndScriptsCarryTheLicence) {
  const fs::path top = test::source_folder();
  Names files =
      files_under({"bench", "cmake", "host", "io", "kernels", "tests"}, {".cmake", ".txt"});
  std::erase_if(
      files, [](const auto& f) { return f.ends_with(".txt") && !f.ends_with("CMakeLists.txt"); });
  files.insert(files.end(), {"CMakeLists.txt", "run", ".ci/run"});
  for (const auto& file : files)
    EXPECT_LT(read(top / file).find("# SPDX-License-Identifier: BSD-3-Clause\n"), 30u) << file;
}

}  // namespace
}  // namespace quickbeam
