// SPDX-License-Identifier: BSD-3-Clause
// The CPU: a row is decoded into L1, reduced there and forgotten; the frame is never in memory.
#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include <quickbeam/core/error.hpp>

#include "host/src/backends.hpp"
#include "kernels/reduce.hpp"
#include "kernels/row_decoder.hpp"
#include "kernels/row_ops.hpp"

namespace quickbeam {
namespace {

using kernels::row_padding;

/// The highest unsaturated value in the working type.
template <class W>
W saturation_of(std::optional<double> counts) {
  constexpr W highest = std::numeric_limits<W>::max();
  if (!counts || !(*counts < static_cast<double>(highest))) return highest;
  if constexpr (std::is_floating_point_v<W>)
    return static_cast<W>(*counts);
  else
    return static_cast<W>(std::floor(*counts));
}

/// Rows of a group of frames of stored type T.
template <class T>
class CpuReducer final : public Reducer {
  using W = WorkType<T>;
  using Sum = std::conditional_t<std::is_floating_point_v<W>, double, std::int64_t>;

 public:
  explicit CpuReducer(const ReducePlan& plan)
      : plan_(plan),
        valid_(valid_range<T>(plan.mask_rule)),
        saturation_(saturation_of<W>(plan.saturation)),
        width_(static_cast<std::size_t>(plan.extent.width)),
        decoders_(std::max<std::size_t>(1, plan.group)),
        row_(width_ + row_padding) {
    if (plan.group > 1) {
      sum_row_.resize(width_ + row_padding);
      saturated_row_.resize(width_ + row_padding);
      sum_reducer_ = kernels::make_row_reducer<Sum>(plan.extent, plan.spec, sum_range(),
                                                    std::numeric_limits<Sum>::max());
    } else {
      reducer_ = kernels::make_row_reducer<W>(plan.extent, plan.spec, valid_, saturation_);
    }
  }

  ReduceReport run(std::span<const Payload> group, const ReduceExtras& extras,
                   ReducedImage& out) override {
    open(group);
    if (plan_.group > 1)
      sum_rows(group, extras, out);
    else
      single_rows(group, extras, out);
    return finish(group);
  }

  void count(std::span<const Payload> group, std::span<std::uint64_t> counts) override {
    open(group);
    for (std::int64_t y = 0; y < plan_.extent.height; ++y)
      for (std::size_t k = 0; k < group.size(); ++k) read_row(k, y, {.counts = counts, .clip = {}});
    finish(group);
  }

 private:
  static ValidRange<Sum> sum_range() {
    if constexpr (std::is_floating_point_v<Sum>)
      return {std::numeric_limits<Sum>::lowest(), std::numeric_limits<Sum>::max()};
    else
      return {0, std::numeric_limits<Sum>::max()};
  }

  /// Runs `work` for one frame of the group; its errors carry the frame's place.
  template <class Work>
  static void at_frame(std::size_t k, Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      ErrorInfo info = error.info();
      info.frame = k;
      throw Error(std::move(info));
    }
  }

  void open(std::span<const Payload> group) {
    for (std::size_t k = 0; k < group.size(); ++k)
      at_frame(k, [&] { decoders_[k].open(group[k]); });
  }

  ReduceReport finish(std::span<const Payload> group) {
    ReduceReport report;
    for (std::size_t k = 0; k < group.size(); ++k)
      at_frame(k, [&] {
        decoders_[k].finish();
        if (!report.wrapped_pixel) report.wrapped_pixel = decoders_[k].wrapped_pixel();
      });
    return report;
  }

  void read_row(std::size_t k, std::int64_t y, const ReduceExtras& extras) {
    const std::span<W> row(row_.data(), width_);
    at_frame(k, [&] { decoders_[k].read(row_.data(), width_, width_ + row_padding); });
    if (plan_.user_mask) kernels::mask_row<W>(row, plan_.user_mask->as<std::uint8_t>().row(y));
    if (!extras.counts.empty()) kernels::count_row<W>(row, valid_, saturation_, extras.counts);
    if (extras.clip) kernels::clip_row<W>(row, valid_, saturation_of<W>(extras.clip));
  }

  void single_rows(std::span<const Payload>, const ReduceExtras& extras, ReducedImage& out) {
    reducer_->begin(out);
    for (std::int64_t y = 0; y < plan_.extent.height; ++y) {
      read_row(0, y, extras);
      reducer_->push(row_.data(), nullptr);
    }
    reducer_->finish();
  }

  void sum_rows(std::span<const Payload> group, const ReduceExtras& extras, ReducedImage& out) {
    sum_reducer_->begin(out);
    for (std::int64_t y = 0; y < plan_.extent.height; ++y) {
      std::fill_n(sum_row_.data(), width_, Sum{0});
      std::fill_n(saturated_row_.data(), width_, std::uint8_t{0});
      for (std::size_t k = 0; k < group.size(); ++k) {
        read_row(k, y, extras);
        kernels::add_row<W, Sum>({row_.data(), width_}, valid_, saturation_, sum_row_.data(),
                                 saturated_row_.data());
      }
      sum_reducer_->push(sum_row_.data(), saturated_row_.data());
    }
    sum_reducer_->finish();
  }

  ReducePlan plan_;
  ValidRange<W> valid_;
  W saturation_;
  std::size_t width_;
  std::vector<kernels::RowDecoder<W>> decoders_;
  Buffer<W> row_;
  Buffer<Sum> sum_row_;
  Buffer<std::uint8_t> saturated_row_;
  std::unique_ptr<kernels::RowReducer<W>> reducer_;
  std::unique_ptr<kernels::RowReducer<Sum>> sum_reducer_;
};

class CpuBackend final : public Backend {
 public:
  std::string_view name() const override { return "cpu"; }
  std::string unavailable_because() const override { return {}; }
  std::vector<std::string> devices() const override {
    return {"cpu: " + std::to_string(std::max(1u, std::thread::hardware_concurrency())) +
            " threads"};
  }
  bool supports(const ReducePlan&) const override { return true; }
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
