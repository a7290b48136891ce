// SPDX-License-Identifier: BSD-3-Clause
// A started command that goes on beside the test: to be sent signals, waited for, measured.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/paths.hpp"

namespace quickbeam::test {

/// A started `quickbeam`; its messages go nowhere.
class Process {
 public:
  explicit Process(std::vector<std::string> words) {
    words.insert(words.begin(), command_path());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (std::freopen("/dev/null", "w", stderr) != nullptr) ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// The exit code; 128 + N after signal N.
  int wait() {
    int status = 0;
    ::wait4(std::exchange(pid_, -1), &status, 0, &usage_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// The most memory it held, after wait().
  long peak_kib() const { return usage_.ru_maxrss; }

 private:
  pid_t pid_ = -1;
  rusage usage_{};
};

}  // namespace quickbeam::test
