// SPDX-License-Identifier: BSD-3-Clause
// Fibers by ucontext, whose switches are __builtin_setjmp and __builtin_longjmp: without the system
// call of swapcontext, and without what the sanitizers hang on longjmp.
#include "tests/cuda_on_host/fiber.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "tests/cuda_on_host/sanitizers.hpp"

namespace quickbeam::cuda_on_host {
namespace {

constexpr std::size_t guard_bytes = 4096;
#if QUICKBEAM_ASAN || QUICKBEAM_TSAN
constexpr std::size_t stack_bytes = 256 << 10;
#else
constexpr std::size_t stack_bytes = 128 << 10;
#endif

Fiber* current = nullptr;

#if QUICKBEAM_ASAN
const void* resumer_stack = nullptr;
std::size_t resumer_stack_bytes = 0;
#endif

}  // namespace

Fiber::Fiber() {
  memory_ = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory_, guard_bytes, PROT_NONE);
  stack_ = static_cast<char*>(memory_) + guard_bytes;
#if QUICKBEAM_TSAN
  sanitizer_inside_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if QUICKBEAM_TSAN
  __tsan_destroy_fiber(sanitizer_inside_);
#endif
  allow_access(stack_, stack_bytes);
  munmap(memory_, guard_bytes + stack_bytes);
}

void Fiber::start(const std::function<void()>& body) { body_ = &body; }

namespace {
// A function of its own: a compiler that sees both ends in one forgets that the first returns
// twice.
[[noreturn]] QUICKBEAM_UNSANITIZED void go(void** to) { __builtin_longjmp(to, 1); }
}  // namespace

QUICKBEAM_UNSANITIZED void Fiber::jump(Jump from, Jump to) {
  if (__builtin_setjmp(from) == 0) go(to);
}

QUICKBEAM_UNSANITIZED void Fiber::resume() {
  current = this;
#if QUICKBEAM_ASAN
  __sanitizer_start_switch_fiber(&sanitizer_outside_, stack_, stack_bytes);
#elif QUICKBEAM_TSAN
  sanitizer_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(sanitizer_inside_, 0);
#endif
  if (entered_) {
    jump(outside_, inside_);
  } else {
    entered_ = true;
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_;
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fiber::enter, 0);
    if (__builtin_setjmp(outside_) == 0) setcontext(&context_);
  }
#if QUICKBEAM_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_outside_, nullptr, nullptr);
#endif
}

QUICKBEAM_UNSANITIZED void Fiber::leave() {
#if QUICKBEAM_ASAN
  __sanitizer_start_switch_fiber(&sanitizer_inside_, resumer_stack, resumer_stack_bytes);
#elif QUICKBEAM_TSAN
  __tsan_switch_to_fiber(sanitizer_outside_, 0);
#endif
  jump(inside_, outside_);
#if QUICKBEAM_ASAN
  __sanitizer_finish_switch_fiber(sanitizer_inside_, &resumer_stack, &resumer_stack_bytes);
#endif
}

void Fiber::pause() { current->leave(); }

namespace {
/// An exception that leaves a kernel ends the program here.
void call(const std::function<void()>& body) noexcept { body(); }
}  // namespace

/// The bottom of every fiber: one body after the other, for ever.
QUICKBEAM_UNSANITIZED void Fiber::enter() {
#if QUICKBEAM_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &resumer_stack, &resumer_stack_bytes);
#endif
  Fiber* const self = current;
  for (;;) {
    call(*self->body_);
    self->body_ = nullptr;
    self->leave();
  }
}

}  // namespace quickbeam::cuda_on_host
