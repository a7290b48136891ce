// SPDX-License-Identifier: BSD-3-Clause
// NVIDIA GPUs: which there are, whether they can be used, and reducers on them.
#include "host/src/backends.hpp"
#include "host/src/cpu_thumbnail_maker.hpp"
#include "host/src/cuda/cuda_leaf_adder.hpp"
#include "host/src/cuda/cuda_reducer.hpp"
#include "host/src/cuda/cuda_thumbnail_maker.hpp"
#include "host/src/cuda/pinned_resource.hpp"
#include "host/src/cuda/runtime.hpp"
#include "host/src/device_health.hpp"
#include "host/src/fallback_reducer.hpp"
#include "host/src/fallback_thumbnail_maker.hpp"

namespace quickbeam {
namespace {

class CudaBackend final : public Backend {
 public:
  std::string_view name() const override { return "cuda"; }

  std::string unavailable_because(int device) const override {
    const std::string dead = dead_because(device);
    return dead.empty() ? cuda::unusable_because(device) : "it stopped working: " + dead;
  }

  std::vector<std::string> devices() const override {
    std::vector<std::string> lines;
    for (int i = 0; i < cuda::device_count(); ++i) {
      const cudaDeviceProp found = cuda::properties_of(i);
      lines.push_back("cuda:" + std::to_string(i) + ": " + found.name + ", compute " +
                      std::to_string(found.major) + "." + std::to_string(found.minor) + ", " +
                      std::to_string(found.totalGlobalMem >> 20) + " MiB");
    }
    return lines;
  }

  std::unique_ptr<Reducer> make_reducer(const ReducePlan& plan) const override {
    return std::make_unique<FallbackReducer>("cuda:" + std::to_string(plan.device), plan.device,
                                             std::make_unique<cuda::CudaReducer>(plan),
                                             cpu_backend().make_reducer(plan));
  }

  std::unique_ptr<ThumbnailMaker> make_thumbnail_maker(const ThumbnailSpec& spec) const override {
    if (spec.from == spec.to) return make_cpu_thumbnail_maker(spec);
    return std::make_unique<FallbackThumbnailMaker>(
        "cuda:" + std::to_string(spec.device), spec.device,
        std::make_unique<cuda::CudaThumbnailMaker>(spec), make_cpu_thumbnail_maker(spec));
  }

  std::unique_ptr<LeafAdder> make_leaf_adder(const LeafSource& source) const override {
    return std::make_unique<cuda::CudaLeafAdder>(source);
  }

  std::size_t frames_at_once() const override { return cuda::frames_of_a_batch; }

  std::unique_ptr<std::pmr::memory_resource> make_host_memory() const override {
    return std::make_unique<cuda::PinnedResource>();
  }
};

}  // namespace

const Backend& cuda_backend() {
  static const CudaBackend backend;
  return backend;
}

}  // namespace quickbeam
