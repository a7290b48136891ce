// SPDX-License-Identifier: BSD-3-Clause
// The CPU: a row is decoded into L1, reduced there and forgotten; the frame is never in memory.
#include <algorithm>
#include <new>
#include <thread>

#include "host/src/backends.hpp"
#include "host/src/cpu_thumbnail_maker.hpp"
#include "host/src/frame_rows.hpp"
#include "host/src/leaf_adder.hpp"

namespace quickbeam {
namespace {

/// Frames of stored type T.
template <class T>
class CpuReducer final : public Reducer {
  using W = typename FrameRows<T>::W;
  using Sum = typename FrameRows<T>::Sum;

 public:
  explicit CpuReducer(const ReducePlan& plan)
      : height_(plan.extent.height), clip_(plan.clip), rows_(plan) {
    if (rows_.is_group())
      sum_reducer_ = kernels::make_row_reducer<Sum>(plan.extent, plan.spec, rows_.valid_sums(),
                                                    std::numeric_limits<Sum>::max());
    else
      reducer_ =
          kernels::make_row_reducer<W>(plan.extent, plan.spec, rows_.valid(), rows_.saturation());
  }

  void run(std::span<ReduceTask> tasks) override {
    for (ReduceTask& task : tasks) {
      task.outcome = {.backend = "cpu"};
      task.fetched = true;
      task.facts.reset();
      try {
        run_one(task);
      } catch (const Error& error) {
        task.outcome.error = error.info();
      } catch (const std::bad_alloc&) {
        task.outcome.error = out_of_memory();
      }
    }
  }

  /// Every frame is fetched, so none is left to be toned here.
  void tone(std::span<const ToneTask>) override {}

 private:
  void run_one(ReduceTask& task) {
    RowExtras extras;
    std::fill(task.counts.begin(), task.counts.end(), 0);
    if (clip_) {
      rows_.count(task.group, task.counts);
      extras.clip = clip_(task.counts);
    } else {
      extras.counts = task.counts;
    }
    rows_.open(task.group);
    if (sum_reducer_)
      reduce_sums(extras, *task.image);
    else
      reduce_rows(extras, *task.image);
    task.outcome.wrapped_pixel = rows_.finish();
  }

  void reduce_sums(const RowExtras& extras, ReducedImage& out) {
    sum_reducer_->begin(out);
    for (std::int64_t y = 0; y < height_; ++y) {
      const Sum* row = rows_.sum_row(y, extras);
      sum_reducer_->push(row, rows_.saturated_row());
    }
    sum_reducer_->finish();
  }

  void reduce_rows(const RowExtras& extras, ReducedImage& out) {
    reducer_->begin(out);
    std::int64_t y = 0;
    for (; y + 1 < height_; y += 2) {
      const W* first = rows_.row(y, extras);
      reducer_->push_two(first, rows_.row(y + 1, extras));
    }
    if (y < height_) reducer_->push(rows_.row(y, extras), nullptr);
    reducer_->finish();
  }

  std::int64_t height_;
  ClipRule clip_;
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
  std::unique_ptr<ThumbnailMaker> make_thumbnail_maker(const ThumbnailSpec& spec) const override {
    return make_cpu_thumbnail_maker(spec);
  }
  std::unique_ptr<LeafAdder> make_leaf_adder(const LeafSource& source) const override {
    return make_cpu_leaf_adder(source);
  }
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace quickbeam
