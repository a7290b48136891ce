// SPDX-License-Identifier: BSD-3-Clause
// cub::BlockScan: the last thread to arrive scans for all, serially and in the order of the ranks.
// Floating-point sums may differ from CUB's in the last bits: CUB associates them differently.
#pragma once

#include <functional>

#include "cuda_on_host/collective.hpp"

namespace cub {

enum BlockScanAlgorithm { BLOCK_SCAN_RAKING, BLOCK_SCAN_RAKING_MEMOIZE, BLOCK_SCAN_WARP_SCANS };

template <class T, int BlockX, BlockScanAlgorithm = BLOCK_SCAN_RAKING, int BlockY = 1,
          int BlockZ = 1>
class BlockScan {
  static constexpr unsigned threads = unsigned(BlockX) * BlockY * BlockZ;
  using Where = quickbeam::cuda_on_host::Where;
  using Plus = quickbeam::cuda_on_host::Plus;

 public:
  using TempStorage = quickbeam::cuda_on_host::Storage<T, threads>;
  explicit BlockScan(TempStorage& storage) : storage_(storage) {}

  void ExclusiveSum(T in, T& out, Where w = Where::here()) {
    scan(&in, &out, 1, zero(), Plus{}, false, w);
  }
  void ExclusiveSum(T in, T& out, T& all, Where w = Where::here()) {
    all = scan(&in, &out, 1, zero(), Plus{}, false, w);
  }
  template <int N>
  void ExclusiveSum(T (&in)[N], T (&out)[N], Where w = Where::here()) {
    scan(in, out, N, zero(), Plus{}, false, w);
  }
  template <int N>
  void ExclusiveSum(T (&in)[N], T (&out)[N], T& all, Where w = Where::here()) {
    all = scan(in, out, N, zero(), Plus{}, false, w);
  }

  template <class Op>
  void ExclusiveScan(T in, T& out, T initial, Op op, Where w = Where::here()) {
    scan(&in, &out, 1, &initial, op, false, w);
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, T initial, Op op, T& all, Where w = Where::here()) {
    all = scan(&in, &out, 1, &initial, op, false, w);
  }
  /// Without an initial value the first output is undefined: junk here.
  template <class Op>
  void ExclusiveScan(T in, T& out, Op op, Where w = Where::here()) {
    scan(&in, &out, 1, nullptr, op, false, w);
  }
  template <class Op>
  void ExclusiveScan(T in, T& out, Op op, T& all, Where w = Where::here()) {
    all = scan(&in, &out, 1, nullptr, op, false, w);
  }
  template <int N, class Op>
  void ExclusiveScan(T (&in)[N], T (&out)[N], T initial, Op op, Where w = Where::here()) {
    scan(in, out, N, &initial, op, false, w);
  }
  template <int N, class Op>
  void ExclusiveScan(T (&in)[N], T (&out)[N], T initial, Op op, T& all, Where w = Where::here()) {
    all = scan(in, out, N, &initial, op, false, w);
  }

  void InclusiveSum(T in, T& out, Where w = Where::here()) {
    scan(&in, &out, 1, nullptr, Plus{}, true, w);
  }
  void InclusiveSum(T in, T& out, T& all, Where w = Where::here()) {
    all = scan(&in, &out, 1, nullptr, Plus{}, true, w);
  }
  template <int N>
  void InclusiveSum(T (&in)[N], T (&out)[N], Where w = Where::here()) {
    scan(in, out, N, nullptr, Plus{}, true, w);
  }
  template <int N>
  void InclusiveSum(T (&in)[N], T (&out)[N], T& all, Where w = Where::here()) {
    all = scan(in, out, N, nullptr, Plus{}, true, w);
  }
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, Where w = Where::here()) {
    scan(&in, &out, 1, nullptr, op, true, w);
  }
  template <class Op>
  void InclusiveScan(T in, T& out, Op op, T& all, Where w = Where::here()) {
    all = scan(&in, &out, 1, nullptr, op, true, w);
  }
  template <int N, class Op>
  void InclusiveScan(T (&in)[N], T (&out)[N], Op op, Where w = Where::here()) {
    scan(in, out, N, nullptr, op, true, w);
  }
  template <int N, class Op>
  void InclusiveScan(T (&in)[N], T (&out)[N], Op op, T& all, Where w = Where::here()) {
    all = scan(in, out, N, nullptr, op, true, w);
  }

 private:
  template <class Op>
  struct Call {
    const T* in;
    T* out;
    int items;
    const T* initial;  ///< null: none
    Op op;
    bool inclusive;
    TempStorage* storage;
    T all;  ///< of the inputs alone, without the initial value
  };

  static const T* zero() {
    static const T value{};
    return &value;
  }

  template <class Op>
  T scan(const T* in, T* out, int items, const T* initial, Op op, bool inclusive, Where where) {
    Call<Op> call{in, out, items, initial, op, inclusive, &storage_, T{}};
    quickbeam::cuda_on_host::meet_block(where, &call, [](void* const* slots, unsigned count) {
      if (count != threads)
        quickbeam::cuda_on_host::fail_kernel("a cub::BlockScan is not of the size of its block");
      run<Op>(reinterpret_cast<Call<Op>* const*>(slots), count);
    });
    return call.all;
  }

  template <class Op>
  static void run(Call<Op>* const* calls, unsigned count) {
    calls[0]->storage->use();
    T total = *calls[0]->in, prefix = total;
    for (unsigned i = 0; i < count; ++i) {
      Call<Op>& call = *calls[i];
      for (int k = 0; k < call.items; ++k) {
        const bool first = i == 0 && k == 0;
        const T value = call.in[k];
        const T before = !first         ? prefix
                         : call.initial ? *call.initial
                                        : quickbeam::cuda_on_host::junk<T>();
        const T after = first && !call.initial ? value : call.op(before, value);
        if (!first) total = call.op(total, value);
        call.out[k] = call.inclusive ? after : before;
        prefix = after;
      }
    }
    for (unsigned i = 0; i < count; ++i) calls[i]->all = total;
  }

  TempStorage& storage_;
};

}  // namespace cub
