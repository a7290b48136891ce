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
cudaError_t queue_grid(const cudaLaunchConfig_t& config, std::function<void()> body,
                       std::span<const std::span<const std::byte>> arguments, const char* name);

}  // namespace quickbeam::cuda_on_host

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<std::decay_t<Parameters>> && ...),
                "parameters of a kernel are copied as bytes");
  const std::tuple<std::decay_t<Parameters>...> copies(
      static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  return std::apply(
      [&](const auto&... copy) {
        const std::span<const std::byte> bytes[] = {std::as_bytes(std::span(&copy, 1))..., {}};
        return quickbeam::cuda_on_host::queue_grid(
            *config, [kernel, copies] { std::apply(kernel, copies); }, bytes, __PRETTY_FUNCTION__);
      },
      copies);
}
