// SPDX-License-Identifier: BSD-3-Clause
// One block of memory cut into pieces: the pieces of a batch are allocated together, once.
#pragma once

#include <cstddef>

namespace quickbeam::cuda {

/// Cuts pieces off a block, each aligned to 256 bytes; without a block it only adds them up.
class Carver {
 public:
  Carver() = default;
  explicit Carver(void* block) : block_(static_cast<std::byte*>(block)) {}

  /// Null for a piece of nothing.
  template <class T>
  T* take(std::size_t count) {
    constexpr std::size_t alignment = 256;
    T* const piece = block_ && count > 0 ? reinterpret_cast<T*>(block_ + bytes_) : nullptr;
    bytes_ += (count * sizeof(T) + alignment - 1) / alignment * alignment;
    return piece;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* block_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace quickbeam::cuda
