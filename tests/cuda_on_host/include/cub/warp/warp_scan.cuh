// SPDX-License-Identifier: BSD-3-Clause
// cub::WarpScan of all 32 lanes.
#pragma once

#include "cuda_on_host/collective.hpp"

namespace cub {

template <class T, int Threads = 32>
class WarpScan {
  static_assert(Threads == 32, "only whole warps are emulated");
  using Where = quickbeam::cuda_on_host::Where;
  using Plus = quickbeam::cuda_on_host::Plus;

 public:
  struct TempStorage {};
  explicit WarpScan(TempStorage&) {}

  void InclusiveSum(T in, T& out, Where where = Where::here()) {
    out = scan(in, Plus{}, nullptr, where).inclusive;
  }
  void InclusiveSum(T in, T& out, T& all, Where where = Where::here()) {
    const auto call = scan(in, Plus{}, nullptr, where);
    out = call.inclusive, all = call.all;
  }
  void ExclusiveSum(T in, T& out, Where where = Where::here()) {
    const T zero{};
    out = scan(in, Plus{}, &zero, where).exclusive;
  }
  void ExclusiveSum(T in, T& out, T& all, Where where = Where::here()) {
    const T zero{};
    const auto call = scan(in, Plus{}, &zero, where);
    out = call.exclusive, all = call.all;
  }
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, Where where = Where::here()) {
    out = scan(in, op, nullptr, where).inclusive;
  }
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, T& all, Where where = Where::here()) {
    const auto call = scan(in, op, nullptr, where);
    out = call.inclusive, all = call.all;
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, T initial, Op op, Where where = Where::here()) {
    out = scan(in, op, &initial, where).exclusive;
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, Op op, Where where = Where::here()) {
    out = scan(in, op, nullptr, where).exclusive;
  }

 private:
  template <class Op>
  struct Call {
    T in;
    Op op;
    const T* initial;
    T inclusive, exclusive, all;
  };

  template <class Op>
  static Call<Op> scan(T in, Op op, const T* initial, Where where) {
    Call<Op> call{in, op, initial, T{}, T{}, T{}};
    quickbeam::cuda_on_host::meet_warp(~0u, where, &call, [](void* const* slots, unsigned count) {
      const auto calls = reinterpret_cast<Call<Op>* const*>(slots);
      T total{}, prefix{};
      for (unsigned i = 0; i < count; ++i) {
        Call<Op>& c = *calls[i];
        total = i == 0 ? c.in : c.op(total, c.in);
        c.exclusive = i > 0 ? prefix : c.initial ? *c.initial : quickbeam::cuda_on_host::junk<T>();
        prefix = i == 0 && !c.initial ? c.in : c.op(c.exclusive, c.in);
        c.inclusive = prefix;
      }
      for (unsigned i = 0; i < count; ++i) calls[i]->all = total;
    });
    return call;
  }
};

}  // namespace cub
