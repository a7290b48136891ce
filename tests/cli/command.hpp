// SPDX-License-Identifier: BSD-3-Clause
// Runs the built command as a user's shell does.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "tests/host/temporary_folder.hpp"
#include "tests/paths.hpp"

namespace quickbeam::test {

struct CommandResult {
  int exit_code = -1;
  std::string out, err;
};

/// Runs `PROGRAM ARGUMENTS` through the shell, with `prefix` before it (settings, limits).
inline CommandResult run_program(const std::string& program, const std::string& arguments,
                                 const std::string& prefix) {
  const TemporaryFolder streams;
  const std::string line = prefix + " '" + program + "' " + arguments + " > '" + streams / "out" +
                           "' 2> '" + streams / "err" + "' < /dev/null";
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_text(streams / "out"), read_text(streams / "err")};
}

/// Runs `quickbeam ARGUMENTS`.
inline CommandResult quickbeam(const std::string& arguments, const std::string& prefix = "") {
  return run_program(command_path(), arguments, prefix);
}

}  // namespace quickbeam::test
