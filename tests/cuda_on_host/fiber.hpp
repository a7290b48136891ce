// SPDX-License-Identifier: BSD-3-Clause
// A function with a stack of its own, which can pause and be resumed: one thread of a kernel.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace quickbeam::cuda_on_host {

/// Not thread-safe: one fiber runs at a time. It may be resumed by another OS thread than before.
class Fiber {
 public:
  Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  /// The next resume calls `body`, which must not throw. Precondition: done(); `body` stays alive.
  void start(const std::function<void()>& body);
  /// Runs until the body pauses or ends.
  void resume();
  bool done() const { return body_ == nullptr; }

  /// From inside a body: back to who resumed it.
  static void pause();

 private:
  using Jump = void* [5];  // of __builtin_setjmp

  static void enter();
  void leave();
  static void jump(Jump from, Jump to);

  const std::function<void()>* body_ = nullptr;
  bool entered_ = false;
  void* memory_;
  char* stack_;
  ucontext_t context_{};
  Jump inside_{}, outside_{};
  [[maybe_unused]] void* sanitizer_inside_ = nullptr;  // of the sanitizers.hpp that is built in
  [[maybe_unused]] void* sanitizer_outside_ = nullptr;
};

}  // namespace quickbeam::cuda_on_host
