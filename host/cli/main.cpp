// SPDX-License-Identifier: BSD-3-Clause
// The command `quickbeam`: a table of sub-commands, and the translation of errors to exit codes.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <new>
#include <system_error>

#include <quickbeam/core/error.hpp>

#include "host/cli/command.hpp"
#include "host/cli/common.hpp"
#include "host/cli/suggest.hpp"

namespace quickbeam::cli {
namespace {

constexpr Command commands[] = {
    {"thumb", "Make thumbnails of detector frames",
     "  quickbeam thumb collection/ -o thumbs\n"
     "  quickbeam thumb 'run7_*.cbf' -o '{dir}/{stem}.thumb.png' --size 256\n"
     "  quickbeam thumb run7/ -o archive --preset ispyb\n"
     "  quickbeam thumb run7/ -o thumbs --sum 10 --levels-from collection\n",
     declare_thumb},
    {"stats", "Mean and variance of every pixel over a stack or set, and statistics of every image",
     "  quickbeam stats particles.star -o out\n"
     "  quickbeam stats proj.stk -o out --std --mask 50\n"
     "  quickbeam stats particles.star --part 2/8 --partial part2.qbstat\n",
     declare_stats},
    {"merge", "Join partial statistics of quickbeam stats, in any order",
     "  quickbeam merge part*.qbstat -o out\n"
     "  quickbeam merge monday.qbstat tuesday.qbstat --partial both.qbstat\n",
     declare_merge},
    {"shrink", "Make thumbnails of every image of a stack or set",
     "  quickbeam shrink proj.stk -o thumbs.stk --size 64\n"
     "  quickbeam shrink particles.star -o thumbs/particles.mrcs --size 64\n"
     "  quickbeam shrink proj.stk -o grey.mrcs --size 64 --scale minmax8\n",
     declare_shrink},
    {"montage", "Show the images of a stack or set side by side in one picture",
     "  quickbeam montage proj.stk -o sheet.png\n"
     "  quickbeam montage particles.star -o sheet.png --select spread:40 --cols 8 --size 96\n"
     "  quickbeam montage thumbs.stk -o sheet.jpeg --scale each\n",
     declare_montage},
    {"convert", "Convert images, stacks and particle sets to another format",
     "  quickbeam convert run7_0001.cbf.gz frame.npy\n"
     "  quickbeam convert 3@stack.cbf third.cbf\n"
     "  quickbeam convert run7_0001.cbf frame.png\n"
     "  quickbeam convert particles.star chosen.mrcs\n"
     "  quickbeam convert image.npy 5@particles.stk\n",
     declare_convert},
    {"info", "Show what a file is: format, size, type, geometry",
     "  quickbeam info run7_0001.cbf\n"
     "  quickbeam info run7_0001.cbf --json\n"
     "  quickbeam info particles.star --statistics\n",
     declare_info},
    {"verify", "Compare a slow reference, the CPU and the GPU on your own files, value by value",
     "  quickbeam verify run7_0001.cbf\n"
     "  quickbeam verify run7/ --select spread:5 --preset seed\n"
     "  quickbeam verify run7_0001.cbf --device cuda --json\n",
     declare_verify},
    {"simulate", "Make realistic data to try things on",
     "  quickbeam simulate frames -o collection -n 20\n"
     "  quickbeam simulate frames -o weak -n 5 --strength weak --seed 7\n"
     "  quickbeam simulate particles -o particles -n 1000\n",
     declare_simulate},
    {"devices", "List what frames can be processed on",
     "  quickbeam devices\n"
     "  quickbeam devices --json\n",
     declare_devices},
};

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
      return exit_usage;
    case ErrorCode::device:
      return exit_no_device;
    case ErrorCode::io:
      return exit_environment;
    default:
      return exit_some_failed;
  }
}

void print_error(std::string_view text) { print_err("quickbeam: {}\n", text); }

/// Runs `work`; whatever it throws becomes one line and an exit code.
int guarded(const std::function<int()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    print_error(error.what());
    return exit_code_of(error.code());
  } catch (const std::bad_alloc&) {
    print_error("not enough memory [LIMIT]");
    return exit_environment;
  } catch (const std::system_error& error) {
    print_error(error.what());
    return exit_environment;
  }
}

/// What CLI11 says of a word that is no sub-command does not name the word.
std::string usage_text(const CLI::ParseError& error, int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  const auto known = [&](const Command& command) { return command.name == word; };
  if (word.starts_with('-') || std::any_of(std::begin(commands), std::end(commands), known))
    return error.what();
  std::string names;
  for (const Command& command : commands)
    names += (names.empty() ? "" : ", ") + std::string(command.name);
  return fmt::format("sub-command: expected one of {}, found {}", names, printable(word));
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  if (argc == 1) {
    print_err("{}", app.help());
    return exit_usage;
  }
  print_error(fmt::format("{} [USAGE]", usage_text(error, argc, argv)));
  const std::string hint = suggestion(app, argc, argv);
  if (!hint.empty()) print_err("{}\n", hint);
  print_err("Run with --help for the options.\n");
  return exit_usage;
}

}  // namespace
}  // namespace quickbeam::cli

int main(int argc, char** argv) {
  using namespace quickbeam::cli;
  std::signal(SIGPIPE, SIG_IGN);  // a closed log must not lose a picture
  std::signal(SIGXFSZ, SIG_IGN);  // a size limit is an error of one write
  CLI::App app{"quickbeam: from a detector's bytes to a picture and a number", "quickbeam"};
  app.set_version_flag("--version", std::string("quickbeam ") + QUICKBEAM_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n  quickbeam thumb collection/ -o thumbs\n  quickbeam info frame.cbf\n"
      "  quickbeam thumb --help");
  std::function<int()> run;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->footer("Examples:\n" + std::string(command.examples));
    sub->immediate_callback();  // else settings meant for one command are checked by all
    sub->callback([&run, work = command.declare(*sub)] { run = work; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  return guarded(run);
}
