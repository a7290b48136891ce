// SPDX-License-Identifier: BSD-3-Clause
// For tests of files: a folder that goes away, whole files as strings, and the error of a call.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quickbeam/core/error.hpp>

namespace quickbeam::test {

/// An empty folder, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "quickbeam-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Names in the folder.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      all.push_back(entry.path().filename().string());
    return all;
  }

 private:
  std::string path_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The Error a call throws, or none.
template <class F>
std::optional<ErrorInfo> error_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  return std::nullopt;
}

/// As error_of, for a call that must throw.
template <class F>
ErrorInfo expect_error(ErrorCode code, F&& call) {
  const auto info = error_of(call);
  EXPECT_TRUE(info.has_value()) << "no Error thrown, expected " << name_of(code);
  if (!info) return {};
  EXPECT_EQ(name_of(info->code), name_of(code)) << to_string(*info);
  return *info;
}

}  // namespace quickbeam::test
