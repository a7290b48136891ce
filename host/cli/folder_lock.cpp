// SPDX-License-Identifier: BSD-3-Clause
// A lock file, so that two runs do not write into one folder.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <quickbeam/core/error.hpp>

#include "host/cli/journal.hpp"

namespace quickbeam::cli {
namespace {

std::string host_name() {
  char name[256] = {};
  (void)::gethostname(name, sizeof name - 1);
  return name;
}

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id.empty() ? "unknown" : id;
}

/// A lock of this host is stale when its boot is over or its process is gone.
bool is_stale(const std::string& path) {
  std::ifstream in(path);
  long pid = 0;
  std::string host, boot;
  if (!(in >> pid >> host >> boot) || host != host_name()) return false;
  return boot != boot_id() ||
         (pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH);
}

[[noreturn]] void fail_locked(const std::string& path, std::string found) {
  fail({.code = ErrorCode::io,
        .path = path,
        .field = "lock",
        .expected = "no other run into this folder (remove the file if none is running)",
        .found = std::move(found)});
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = folder + "/.quickbeam.lock";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) {
      path_ = path;
      std::ostringstream text;
      text << ::getpid() << ' ' << host_name() << ' ' << boot_id() << '\n';
      const bool written = ::write(fd, text.str().data(), text.str().size()) > 0;
      ::close(fd);
      if (!written) fail_locked(path, "it cannot be written");
      return;
    }
    if (errno != EEXIST) fail_locked(path, std::strerror(errno));
    if (!is_stale(path)) break;
    ::unlink(path.c_str());
  }
  fail_locked(path, "a lock held by another run");
}

FolderLock::~FolderLock() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace quickbeam::cli
