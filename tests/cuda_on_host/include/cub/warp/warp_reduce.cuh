// SPDX-License-Identifier: BSD-3-Clause
// cub::WarpReduce of all 32 lanes: only lane 0 gets the result.
#pragma once

#include "cuda_on_host/collective.hpp"

namespace cub {

template <class T, int Threads = 32>
class WarpReduce {
  static_assert(Threads == 32, "only whole warps are emulated");
  using Where = quickbeam::cuda_on_host::Where;

 public:
  struct TempStorage {};
  explicit WarpReduce(TempStorage&) {}

  T Sum(T in, Where where = Where::here()) {
    return Reduce(in, quickbeam::cuda_on_host::Plus{}, where);
  }
  template <class Op>
  T Reduce(T in, Op op, Where where = Where::here()) {
    Call<Op> call{in, op, quickbeam::cuda_on_host::junk<T>()};
    quickbeam::cuda_on_host::meet_warp(~0u, where, &call, [](void* const* slots, unsigned count) {
      const auto calls = reinterpret_cast<Call<Op>* const*>(slots);
      T total = calls[0]->in;
      for (unsigned i = 1; i < count; ++i) total = calls[i]->op(total, calls[i]->in);
      calls[0]->result = total;
    });
    return call.result;
  }

 private:
  template <class Op>
  struct Call {
    T in;
    Op op;
    T result;
  };
};

}  // namespace cub
