// SPDX-License-Identifier: BSD-3-Clause
// Reusable memory: a page fault costs more than decoding the pixel behind it, so buffers grow once
// and are kept. Aligned for SIMD, padded so that whole-vector reads past the end stay inside.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <new>
#include <span>
#include <type_traits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace quickbeam {

/// Owns uninitialised memory for trivially copyable elements; grows, never shrinks. Not
/// thread-safe. The memory is the process's own, or of a resource (page-locked memory, say).
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// Bytes that may be read and written beyond the last element.
  static constexpr std::size_t padding_bytes = 512;

  Buffer() = default;
  explicit Buffer(std::size_t count) { resize(count); }
  /// `resource` outlives the buffer; null = the process's own memory. A resource that has none left
  /// (std::bad_alloc) is done without.
  explicit Buffer(std::pmr::memory_resource* resource) : resource_(resource) {}

  /// Makes room for `count` elements and returns them. Contents are lost when the buffer has to
  /// grow and are kept otherwise. Throws std::bad_alloc.
  std::span<T> resize(std::size_t count) {
    if (count > capacity_) allocate(count);
    size_ = count;
    return {data(), count};
  }

  /// As resize, with the old contents kept also when the buffer grows.
  std::span<T> grow(std::size_t count) {
    if (count > capacity_) {
      auto old = std::move(memory_);
      const std::size_t old_size = size_;
      allocate(count);
      if (old_size != 0) std::memcpy(memory_.get(), old.get(), old_size * sizeof(T));
    }
    size_ = count;
    return {data(), count};
  }

  T* data() const { return static_cast<T*>(memory_.get()); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::span<T> span() const { return {data(), size_}; }
  T& operator[](std::size_t i) const { return data()[i]; }

 private:
  /// Gives memory back to where it came from.
  struct Free {
    std::pmr::memory_resource* resource = nullptr;
    std::size_t bytes = 0, alignment = 0;
    void operator()(void* p) const noexcept {
      if (resource)
        resource->deallocate(p, bytes, alignment);
      else
        std::free(p);
    }
  };

  void allocate(std::size_t count) {
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    if (count > (static_cast<std::size_t>(-1) / 2 - padding_bytes - huge_page) / sizeof(T))
      throw std::bad_alloc();
    std::size_t bytes = count * sizeof(T) + padding_bytes;
    // A resource's memory is dear: room for the longer streams to come.
    if (resource_) bytes += bytes / 8;
    const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    memory_.reset();
    capacity_ = size_ = 0;
    if (!resource_ || !allocate_from_resource(bytes)) allocate_own(bytes, alignment);
    capacity_ = (bytes - padding_bytes) / sizeof(T);
  }

  bool allocate_from_resource(std::size_t bytes) {
    constexpr std::size_t alignment = 64;
    try {
      memory_ = {resource_->allocate(bytes, alignment), Free{resource_, bytes, alignment}};
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  void allocate_own(std::size_t bytes, [[maybe_unused]] std::size_t alignment) {
    memory_ = {std::aligned_alloc(alignment, bytes), Free{}};
    if (!memory_) throw std::bad_alloc();
#if defined(__linux__)
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    if (bytes >= huge_page) (void)::madvise(memory_.get(), bytes, MADV_HUGEPAGE);
#endif
  }

  std::pmr::memory_resource* resource_ = nullptr;
  std::unique_ptr<void, Free> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace quickbeam
