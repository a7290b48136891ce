// SPDX-License-Identifier: BSD-3-Clause
// The CPU: a row is decoded into L1, reduced there and forgotten; the frame is never in memory.
#include <algorithm>
#include <thread>

#include "host/src/backends.hpp"
#include "host/src/frame_rows.hpp"

namespace quickbeam {
namespace {

/// Frames of stored type T.
template <class T>
class CpuReducer final : public Reducer {
  using W = typename FrameRows<T>::W;
  using Sum = typename FrameRows<T>::Sum;

 public:
  explicit CpuReducer(const ReducePlan& plan) : height_(plan.extent.height), rows_(plan) {
    if (rows_.is_group())
      sum_reducer_ = kernels::make_row_reducer<Sum>(plan.extent, plan.spec, rows_.valid_sums(),
                                                    std::numeric_limits<Sum>::max());
    else
      reducer_ =
          kernels::make_row_reducer<W>(plan.extent, plan.spec, rows_.valid(), rows_.saturation());
  }

  ReduceReport run(std::span<const Payload> group, const ReduceExtras& extras,
                   ReducedImage& out) override {
    rows_.open(group);
    if (sum_reducer_) {
      sum_reducer_->begin(out);
      for (std::int64_t y = 0; y < height_; ++y) {
        const Sum* row = rows_.sum_row(y, extras);
        sum_reducer_->push(row, rows_.saturated_row());
      }
      sum_reducer_->finish();
    } else {
      reducer_->begin(out);
      std::int64_t y = 0;
      for (; y + 1 < height_; y += 2) {
        const W* first = rows_.row(y, extras);
        reducer_->push_two(first, rows_.row(y + 1, extras));
      }
      if (y < height_) reducer_->push(rows_.row(y, extras), nullptr);
      reducer_->finish();
    }
    return rows_.finish();
  }

  void count(std::span<const Payload> group, std::span<std::uint64_t> counts) override {
    rows_.count(group, counts);
  }

 private:
  std::int64_t height_;
  FrameRows<T> rows_;
  std::unique_ptr<kernels::RowReducer<W>> reducer_;
  std::unique_ptr<kernels::RowReducer<Sum>> sum_reducer_;
};

class CpuBackend final : public Backend {
 public:
  std::string_view name() const override { return "cpu"; }
  std::string unavailable_because(int) const override { return {}; }
  std::vector<std::string> devices() const override {
    return {"cpu: " + std::to_string(std::max(1u, std::thread::hardware_concurrency())) +
            " threads"};
  }
  std::unique_ptr<Reducer> make_reducer(const ReducePlan& plan) const override {
    return visit_type(plan.type, [&](auto tag) -> std::unique_ptr<Reducer> {
      return std::make_unique<CpuReducer<typename decltype(tag)::type>>(plan);
    });
  }
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace quickbeam
