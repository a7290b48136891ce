// SPDX-License-Identifier: BSD-3-Clause
// The help texts in the documentation are the ones the command prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

using test::quickbeam;

struct HelpPage {
  const char* page;     ///< in docs/
  const char* command;  ///< words after `quickbeam`
};
constexpr HelpPage pages[] = {{"thumb", "thumb"},
                              {"stats", "stats"},
                              {"merge", "merge"},
                              {"shrink", "shrink"},
                              {"convert", "convert"},
                              {"info", "info"},
                              {"verify", "verify"},
                              {"simulate", "simulate"},
                              {"devices", "devices"},
                              {"montage", "montage"},
                              {"simulate", "simulate frames"},
                              {"simulate", "simulate particles"}};

/// Where the help of a command stands in its page: behind its marker, up to the next end.
struct Place {
  std::size_t begin, length;
};
Place find_help(const std::string& page, const std::string& command) {
  const std::string marker = "<!-- help: " + command + " -->\n";
  const std::size_t start = page.find(marker);
  if (start == std::string::npos) return {start, 0};
  const std::size_t begin = start + marker.size();
  const std::size_t end = page.find("<!-- end -->", begin);
  return {end == std::string::npos ? end : begin, end - begin};
}

/// Lower-case words without the page's code fences: versions of CLI11 lay the same text out
/// differently.
std::string words_of(const std::string& text) {
  std::istringstream in(text);
  std::string words;
  for (std::string word; in >> word;)
    if (word != "```") words += word + " ";
  std::transform(words.begin(), words.end(), words.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return words;
}

TEST(HelpPages, HoldWhatTheCommandPrints) {
  const bool update = std::getenv("QUICKBEAM_UPDATE_DOCS") != nullptr;
  for (const auto& [name, command] : pages) {
    const auto run = quickbeam(std::string(command) + " --help");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::string path = test::source_folder() + "/docs/" + name + ".md";
    std::string page = test::read_text(path);
    const Place place = find_help(page, command);
    ASSERT_NE(place.begin, std::string::npos) << path << " has no place for: " << command;
    if (update) {
      page.replace(place.begin, place.length, "```\n" + run.out + "```\n");
      test::write_text(path, page);
    }
    const Place now = find_help(page, command);
    EXPECT_EQ(words_of(page.substr(now.begin, now.length)), words_of(run.out))
        << path << " is old: run this test with QUICKBEAM_UPDATE_DOCS=1";
  }
}

}  // namespace
}  // namespace quickbeam
