// SPDX-License-Identifier: BSD-3-Clause
// The O rows of the catalogue of bad inputs as a user meets them: links, odd names, closed streams.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <quickbeam/files.hpp>

#include "tests/cli/command.hpp"
#include "tests/paths.hpp"

namespace quickbeam {
namespace {

namespace fs = std::filesystem;
using test::quickbeam;
using test::read_text;

/// A word for the shell, whatever bytes it has.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

class OutputRows : public ::testing::Test {
 protected:
  /// Writes a small frame under this name.
  std::string frame(const std::string& name) const {
    Image image(PixelType::i32, {40, 30});
    for (std::int64_t i = 0; i < 1200; ++i)
      image.as<std::int32_t>().data[i] = static_cast<std::int32_t>(i % 11);
    save_cbf(folder_ / "plain.cbf", image.const_view(), {});
    const std::string path = folder_ / name;
    fs::rename(folder_ / "plain.cbf", path);
    return path;
  }
  auto thumb(const std::string& rest) const {
    return quickbeam("thumb " + rest, "cd '" + folder_.path() + "' &&");
  }
  /// An output that is an input is refused before anything is written.
  void expect_refused(const std::string& arguments, const std::string& input) const {
    const std::string before = read_text(input);
    const auto run = thumb(arguments);
    EXPECT_EQ(run.exit_code, 1) << arguments;
    EXPECT_NE(run.err.find("[INCONSISTENT]"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("a file other than the input"), std::string::npos) << run.err;
    EXPECT_EQ(read_text(input), before);
  }
  static bool is_png(const std::string& path) { return read_text(path).starts_with("\x89PNG"); }

  test::TemporaryFolder folder_;
};

TEST_F(OutputRows, O05_ALinkIsReplacedAndItsTargetLeftAlone) {
  const std::string input = frame("a.cbf");
  const std::string precious = read_text(input), link = folder_ / "out/a.png";
  fs::create_directory(folder_ / "out");
  test::write_text(folder_ / "elsewhere", "precious");
  for (const std::string& target : {folder_ / "elsewhere", folder_ / "absent", input}) {
    fs::remove(link);
    fs::create_symlink(target, link);
    const auto run = thumb("a.cbf -o out");
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_FALSE(fs::is_symlink(link)) << target;
    EXPECT_TRUE(is_png(link));
  }
  EXPECT_EQ(read_text(folder_ / "elsewhere"), "precious");
  EXPECT_FALSE(fs::exists(folder_ / "absent"));
  EXPECT_EQ(read_text(input), precious);
}

TEST_F(OutputRows, O06_AnOutputThatIsAnInputIsRefusedUnderAnyName) {
  const std::string input = frame("a.png");  // a frame is known by its bytes
  fs::create_directory(folder_ / "sub");
  fs::create_hard_link(input, folder_ / "hard.png");
  fs::create_directory_symlink(".", folder_ / "here");
  fs::create_symlink(input, folder_ / "soft.png");
  for (const char* const arguments :
       {"a.png -o a.png", "a.png -o ./a.png", "./a.png -o a.png", "a.png -o sub/../a.png",
        "a.png -o hard.png", "a.png -o here/a.png", "soft.png -o a.png", "soft.png -o soft.png",
        "a.png -o ."})
    expect_refused(arguments, input);
  EXPECT_TRUE(fs::is_symlink(folder_ / "soft.png"));
}

TEST_F(OutputRows, O06_TheInputOfAnotherItemIsRefusedToo) {
  frame("a.cbf");
  const std::string second = frame("a.png");
  expect_refused("a.cbf a.png --sum 2 -o '{stem}.png'", second);
  expect_refused("a.png a.cbf --sum 2 -o '{stem}.png'", second);
}

/// Names a file system allows and people do not expect.
const std::vector<std::string>& odd_names() {
  static const std::vector<std::string> names = {"100%d%s%n",  "new\nline", "\xff\xfe bytes",
                                                 "-rf",        "--help",    "tab\t\x1b[31mred",
                                                 "a'b\"c`d$e", "{stem}",    " ",
                                                 "@list",      "*[?",       std::string(246, 'x')};
  return names;
}

TEST_F(OutputRows, O08_OddNamesWork) {
  fs::create_directory(folder_ / "in");
  for (const auto& name : odd_names()) frame("in/" + name + ".cbf");
  const auto run = thumb("in -o out --json");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const auto& name : odd_names())
    EXPECT_TRUE(is_png(folder_ / ("out/" + name + ".png"))) << name;
  const auto json = nlohmann::json::parse(run.out);
  EXPECT_EQ(json.at("results").size(), odd_names().size());
  const std::string again = thumb("in -o out --resume").err;
  EXPECT_NE(again.find("0 done, 12 up to date"), std::string::npos) << again;
  for (const auto& name : odd_names()) {
    const auto one =
        thumb("-o " + quoted("out2/" + name + ".png") + " -- " + quoted("in/" + name + ".cbf"));
    if (name == "{stem}") continue;  // braces in -o are fields: that is its own name again
    EXPECT_EQ(one.exit_code, 0) << one.err;
    EXPECT_TRUE(is_png(folder_ / ("out2/" + name + ".png"))) << name;
  }
}

TEST_F(OutputRows, O08_MessagesAndJsonEscapeWhatATerminalWouldObey) {
  fs::create_directory(folder_ / "in");
  for (const auto& name : odd_names()) test::write_text(folder_ / ("in/" + name + ".cbf"), "bad");
  for (const std::string how : {"--json -v", "--jsonl - -v"}) {
    const auto run = thumb("in -o out --device cpu " + how);
    EXPECT_EQ(run.exit_code, 1);
    for (const char c : run.err + run.out)
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 13) << "one line each, one summary";
    EXPECT_NE(run.err.find("new\\x0aline.cbf: "), std::string::npos) << run.err;
    if (how.starts_with("--jsonl")) continue;
    const auto json = nlohmann::json::parse(run.out);
    EXPECT_EQ(json.at("summary").at("failed"), 12);
  }
}

TEST_F(OutputRows, O08_ANameTooLongForItsPictureIsOneClearError) {
  frame(std::string(251, 'x') + ".cbf");
  const auto run = thumb("x*.cbf -o '{stem}.thumb.png'");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.err.find("ENAMETOOLONG"), std::string::npos) << run.err;
  EXPECT_EQ(folder_.names().size(), 1U) << "something was left behind";
}

TEST_F(OutputRows, O12_AClosedOrAbandonedStdoutDecidesNothing) {
  frame("good.cbf");
  test::write_text(folder_ / "bad.cbf", "bad");
  const std::string command = "'" + test::command_path() + "' thumb -q ";
  for (const std::string how : {"--json", "--jsonl -", "-v"})
    for (const std::string input : {"good.cbf", "bad.cbf"})
      for (const std::string sink : {" >&-", " | true", " > /dev/full"}) {
        SCOPED_TRACE(input + ' ' + how + sink);
        fs::remove_all(folder_ / "out");
        const std::string line = "cd '" + folder_.path() + "' && { " + command + how + ' ' + input +
                                 " -o out 2> /dev/null < /dev/null; echo $? > code; }" + sink;
        std::string shell = line;
        if (sink != " | true")  // the redirection is the command's own, the code's is not
          shell = "cd '" + folder_.path() + "' && " + command + how + ' ' + input +
                  " -o out 2> /dev/null < /dev/null" + sink + "; echo $? > '" + folder_ / "code" +
                  "'";
        ASSERT_EQ(std::system(shell.c_str()), 0);
        EXPECT_EQ(read_text(folder_ / "code"), input == "good.cbf" ? "0\n" : "1\n");
        EXPECT_EQ(is_png(folder_ / "out/good.png"), input == "good.cbf");
      }
}

}  // namespace
}  // namespace quickbeam
