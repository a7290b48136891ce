// SPDX-License-Identifier: BSD-3-Clause
// Mapped files, and what happens when a page of one cannot be had.
#include "io/mapped_file.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <mutex>

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quickbeam::io {

/// What the signal handler knows of a mapped file: nothing but these, as it may come at any time.
struct MappingGuard {
  std::atomic<bool> taken = false;
  std::atomic<std::uintptr_t> begin = 0, end = 0;  ///< 0, 0: no file
  std::atomic<bool> lost = false;                  ///< a page could not be had

  bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

namespace {

/// Since Linux 5.14; older kernels refuse it, and pages then come one fault at a time.
constexpr int populate_read = 22;

/// Files that are mapped at a time; the others are read. The handler goes through all of them.
std::array<MappingGuard, 256> guards;
std::atomic<bool> is_allowed = false;
struct sigaction handler_before = {};
const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

/// Ends the program as if there had been no handler, once this one has returned.
void restore_default_and_raise(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
}

/// Puts zeros where the rest of the file was. Only calls that a handler may make; mmap is a bare
/// system call.
void on_bus_error(int number, siginfo_t* info, void* context) {
  const int error = errno;
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (MappingGuard& guard : guards) {
    if (!guard.contains(at)) continue;
    const std::uintptr_t from = at / page_bytes * page_bytes;
    guard.lost = true;  // before another thread can see a zero
    if (::mmap(reinterpret_cast<void*>(from), guard.end - from, PROT_READ,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
      break;
    errno = error;
    return;
  }
  errno = error;
  if ((handler_before.sa_flags & SA_SIGINFO) != 0)
    handler_before.sa_sigaction(number, info, context);
  else if (handler_before.sa_handler != SIG_DFL && handler_before.sa_handler != SIG_IGN)
    handler_before.sa_handler(number);
  else
    restore_default_and_raise(number);
}

MappingGuard* take_guard() {
  for (MappingGuard& guard : guards)
    if (!guard.taken.exchange(true)) return &guard;
  return nullptr;
}

}  // namespace

void allow_mapped_files() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    is_allowed = ::sigaction(SIGBUS, &action, &handler_before) == 0;
  });
}

std::unique_ptr<MappedFile> MappedFile::map(int descriptor, std::uint64_t size) {
  if (!is_allowed || size == 0 || size > std::numeric_limits<std::size_t>::max() / 2)
    return nullptr;
  MappingGuard* const guard = take_guard();
  if (!guard) return nullptr;
  const auto bytes = static_cast<std::size_t>(size);
  void* const begin = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (begin == MAP_FAILED) {
    guard->taken = false;
    return nullptr;
  }
  guard->lost = false;
  guard->end = reinterpret_cast<std::uintptr_t>(begin) + bytes;
  guard->begin = reinterpret_cast<std::uintptr_t>(begin);
  return std::unique_ptr<MappedFile>(
      new MappedFile(descriptor, static_cast<std::byte*>(begin), bytes, *guard));
}

MappedFile::~MappedFile() {
  guard_.begin = guard_.end = 0;
  ::munmap(begin_, size_);
  guard_.taken = false;
}

std::span<const std::byte> MappedFile::in_memory(std::uint64_t offset, std::size_t bytes) const {
  if (bytes == 0 || offset > size_ || bytes > size_ - offset || guard_.lost) return {};
  const auto first = static_cast<std::size_t>(offset / page_bytes * page_bytes);
  const std::size_t length = static_cast<std::size_t>(offset) + bytes - first;
  std::array<unsigned char, 4096> present;
  for (std::size_t at = 0; at < length; at += present.size() * page_bytes) {
    const std::size_t here = std::min(length - at, present.size() * page_bytes);
    if (::mincore(begin_ + first + at, here, present.data()) != 0) return {};
    for (std::size_t i = 0; i < (here + page_bytes - 1) / page_bytes; ++i)
      if ((present[i] & 1) == 0) return {};
  }
  if (::madvise(begin_ + first, length, populate_read) != 0 && errno != EINVAL) return {};
  return {begin_ + offset, bytes};
}

void MappedFile::release(std::uint64_t offset, std::size_t bytes) const {
  if (guard_.lost) return;  // zeros, not pages of the file
  const auto first = static_cast<std::size_t>(offset / page_bytes * page_bytes);
  (void)::madvise(begin_ + first, static_cast<std::size_t>(offset) + bytes - first, MADV_DONTNEED);
}

bool MappedFile::is_intact() const {
  struct stat now;
  if (::fstat(descriptor_, &now) != 0 || static_cast<std::uint64_t>(now.st_size) < size_)
    guard_.lost = true;
  return !guard_.lost;
}

}  // namespace quickbeam::io
