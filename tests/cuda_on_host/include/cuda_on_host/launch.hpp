// SPDX-License-Identifier: BSD-3-Clause
// cudaLaunchKernelEx: copies the arguments and queues the grid on its stream.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"

namespace quickbeam::cuda_on_host {

/// Queues `body`, which is called once for each thread of the grid. `arguments`: the kernel's
/// parameters as bytes, to be searched for pointers that no GPU could follow. `name`: for messages.
/// `kernel`: where its code is.
cudaError_t queue_grid(const cudaLaunchConfig_t& config, std::function<void()> body,
                       std::span<const std::span<const std::byte>> arguments, const char* name,
                       const void* kernel);

/// The bytes of a parameter without what its padding happens to hold; none where the compiler
/// cannot tell them apart.
template <class T>
std::span<const std::byte> bytes_of([[maybe_unused]] T& parameter) {
  [[maybe_unused]] const auto bytes = std::as_bytes(std::span<const T>(&parameter, 1));
  if constexpr (std::has_unique_object_representations_v<T>) return bytes;  // no padding
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&parameter);
  return bytes;
#else
  return {};
#endif
}

}  // namespace quickbeam::cuda_on_host

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<std::decay_t<Parameters>> && ...),
                "parameters of a kernel are copied as bytes");
  std::tuple<std::decay_t<Parameters>...> copies(
      static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  const char* const name = __PRETTY_FUNCTION__;
  return std::apply(
      [&](auto&... copy) {
        using namespace quickbeam::cuda_on_host;
        const std::span<const std::byte> bytes[] = {bytes_of(copy)..., {}};
        const auto body = [kernel, copies] { std::apply(kernel, copies); };
        return queue_grid(*config, body, bytes, name, reinterpret_cast<const void*>(kernel));
      },
      copies);
}
