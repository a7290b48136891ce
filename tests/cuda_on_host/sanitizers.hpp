// SPDX-License-Identifier: BSD-3-Clause
// What AddressSanitizer and ThreadSanitizer have to be told; nothing without them.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define QUICKBEAM_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define QUICKBEAM_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUICKBEAM_ASAN 1
#elif __has_feature(thread_sanitizer)
#define QUICKBEAM_TSAN 1
#endif
#endif

#if QUICKBEAM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if QUICKBEAM_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/// Of functions that write where the sanitizer would object, or that change the stack.
#define QUICKBEAM_UNSANITIZED \
  __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

namespace quickbeam::cuda_on_host {

inline void forbid_access([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes) {
#if QUICKBEAM_ASAN
  __asan_poison_memory_region(memory, bytes);
#endif
}
inline void allow_access([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes) {
#if QUICKBEAM_ASAN
  __asan_unpoison_memory_region(memory, bytes);
#endif
}

}  // namespace quickbeam::cuda_on_host
