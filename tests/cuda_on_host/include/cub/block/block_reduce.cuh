// SPDX-License-Identifier: BSD-3-Clause
// cub::BlockReduce: the last thread to arrive reduces for all; only thread 0 gets the result.
#pragma once

#include "cuda_on_host/collective.hpp"

namespace cub {

enum BlockReduceAlgorithm {
  BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY,
  BLOCK_REDUCE_RAKING,
  BLOCK_REDUCE_WARP_REDUCTIONS,
};

template <class T, int BlockX, BlockReduceAlgorithm = BLOCK_REDUCE_WARP_REDUCTIONS, int BlockY = 1,
          int BlockZ = 1>
class BlockReduce {
  static constexpr unsigned threads = unsigned(BlockX) * BlockY * BlockZ;
  using Where = quickbeam::cuda_on_host::Where;
  using Plus = quickbeam::cuda_on_host::Plus;

 public:
  using TempStorage = quickbeam::cuda_on_host::Storage<T, threads>;
  explicit BlockReduce(TempStorage& storage) : storage_(storage) {}

  T Sum(T in, Where where = Where::here()) { return reduce(&in, 1, Plus{}, threads, where); }
  T Sum(T in, int valid, Where where = Where::here()) {
    return reduce(&in, 1, Plus{}, static_cast<unsigned>(valid), where);
  }
  template <int N>
  T Sum(T (&in)[N], Where where = Where::here()) {
    return reduce(in, N, Plus{}, threads, where);
  }
  template <class Op>
  T Reduce(T in, Op op, Where where = Where::here()) {
    return reduce(&in, 1, op, threads, where);
  }
  template <class Op>
  T Reduce(T in, Op op, int valid, Where where = Where::here()) {
    return reduce(&in, 1, op, static_cast<unsigned>(valid), where);
  }
  template <int N, class Op>
  T Reduce(T (&in)[N], Op op, Where where = Where::here()) {
    return reduce(in, N, op, threads, where);
  }

 private:
  template <class Op>
  struct Call {
    const T* in;
    int items;
    Op op;
    unsigned valid;  ///< threads whose input counts, from rank 0 on
    TempStorage* storage;
    T result;
  };

  template <class Op>
  T reduce(const T* in, int items, Op op, unsigned valid, Where where) {
    Call<Op> call{in, items, op, valid, &storage_, quickbeam::cuda_on_host::junk<T>()};
    quickbeam::cuda_on_host::meet_block(where, &call, [](void* const* slots, unsigned count) {
      if (count != threads)
        quickbeam::cuda_on_host::fail_kernel("a cub::BlockReduce is not of the size of its block");
      run<Op>(reinterpret_cast<Call<Op>* const*>(slots), count);
    });
    return call.result;
  }

  template <class Op>
  static void run(Call<Op>* const* calls, unsigned count) {
    calls[0]->storage->use();
    T total = *calls[0]->in;
    for (unsigned i = 0; i < count && i < calls[0]->valid; ++i)
      for (int k = i == 0 ? 1 : 0; k < calls[i]->items; ++k)
        total = calls[i]->op(total, calls[i]->in[k]);
    calls[0]->result = total;
  }

  TempStorage& storage_;
};

}  // namespace cub
