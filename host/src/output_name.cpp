// SPDX-License-Identifier: BSD-3-Clause
// Names of output files.
#include <quickbeam/output_name.hpp>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <quickbeam/core/error.hpp>

namespace quickbeam {
namespace {

constexpr std::array output_suffixes = {".png", ".jpg", ".jpeg", ".npy", ".mrc", ".cbf"};

bool has_output_suffix(std::string_view path) {
  for (const std::string_view suffix : output_suffixes)
    if (path.ends_with(suffix)) return true;
  return false;
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string four_digits(std::int64_t index) {
  char text[24];
  std::snprintf(text, sizeof text, "%04lld", static_cast<long long>(index));
  return text;
}

[[noreturn]] void fail_template(std::string_view target, std::string expected) {
  fail({.code = ErrorCode::usage,
        .field = "output template",
        .expected = std::move(expected),
        .found = std::string(target)});
}

std::string field_value(std::string_view field, const OutputName& name) {
  if (field == "dir") return std::string(folder_of(name.input));
  if (field == "stem") return stem_of(name.input);
  if (field == "index") return four_digits(name.index.value_or(0));
  fail_template(name.target, "the fields {dir}, {stem} and {index}");
}

std::string expand(const OutputName& name) {
  std::string out;
  const std::string_view text = name.target;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      out += text[i];
    } else if (text.substr(i, 2) == "{{") {
      out += text[i++];
    } else {
      const auto close = text.find('}', i);
      if (close == std::string_view::npos) fail_template(text, "a closing brace");
      out += field_value(text.substr(i + 1, close - i - 1), name);
      i = close;
    }
  }
  return out;
}

}  // namespace

std::string stem_of(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  for (const std::string_view outer : {".gz", ".bz2"})
    if (name.ends_with(outer) && name.size() > outer.size()) {
      name.remove_suffix(outer.size());
      break;
    }
  const auto dot = name.rfind('.');
  return std::string(dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot));
}

std::string_view picture_suffix(std::string_view target) {
  for (const std::string_view suffix : {".png", ".jpg", ".jpeg"})
    if (target.ends_with(suffix)) return suffix;
  return {};
}

void make_output_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0)
    error.assign(errno, std::generic_category());
  if (error)
    fail({.code = ErrorCode::io,
          .path = folder,
          .field = "output folder",
          .expected = "a folder that can be written",
          .found = error.message()});
}

bool names_folder(std::string_view target) {
  return target.find('{') == std::string_view::npos && !has_output_suffix(target);
}

std::string output_path(const OutputName& name) {
  if (names_folder(name.target)) {
    std::string path(name.target);
    if (!path.empty() && path.back() != '/') path += '/';
    path += stem_of(name.input);
    if (name.index) path += "_" + four_digits(*name.index);
    return path += name.suffix;
  }
  std::string path = expand(name);
  const std::size_t end = has_output_suffix(path) ? path.rfind('.') : path.size();
  const std::string suffix = end == path.size() ? std::string(name.suffix) : path.substr(end);
  path.resize(end);
  if (name.index && name.target.find("{index}") == std::string_view::npos)
    path += "_" + four_digits(*name.index);
  return path + suffix;
}

}  // namespace quickbeam
