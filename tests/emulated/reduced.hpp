// SPDX-License-Identifier: BSD-3-Clause
// Room for reduced frames in device memory, and their comparison with the oracle.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "kernels/bin_cuda.hpp"
#include "kernels/reduce.hpp"
#include "tests/emulated/device_array.hpp"
#include "tests/kernels/reduce_cases.hpp"

namespace quickbeam::tests {

/// What a reduction of frames of working type W writes to, full of garbage to begin with.
template <class W>
class DeviceReduced {
 public:
  DeviceReduced(std::uint32_t frames, Extent in, const ReduceSpec& spec)
      : type_(kernels::reduced_type<W>(spec)),
        extent_(kernels::reduced_extent(in, spec)),
        frames_(frames),
        values_(pixels() * size_of(type_), 0xa5),
        saturated_(pixels(), 0xa5) {}

  kernels::cuda::ReducedPlanes planes() const {
    return {type_, extent_, frames_, values_.get(), saturated_.get()};
  }

  /// Values and flags of all frames equal the answers, to the last bit.
  void expect(const std::vector<oracle::Answer>& answers) const {
    ASSERT_EQ(answers.size(), frames_);
    for (std::size_t f = 0; f < frames_ && !::testing::Test::HasFatalFailure(); ++f)
      expect_frame(f, answers[f]);
  }

  /// The same of one frame.
  void expect_frame(std::size_t f, const oracle::Answer& answer) const {
    const std::vector<std::uint8_t> bytes = values_.read(), flags = saturated_.read();
    const auto plane = static_cast<std::size_t>(extent_.pixels());
    ASSERT_EQ(extent_, (Extent{answer.width, answer.height}));
    visit_type(type_, [&](auto tag) {
      using V = typename decltype(tag)::type;
      for (std::size_t i = 0; i < plane; ++i) {
        V value{};
        std::memcpy(&value, bytes.data() + (f * plane + i) * sizeof(V), sizeof(V));
        ASSERT_TRUE(is_value(value, answer, i))
            << "frame " << f << " pixel " << i << ": " << +value << " for " << answer.reals[i];
        ASSERT_EQ(flags[f * plane + i], answer.saturated[i]) << "frame " << f << " pixel " << i;
      }
    });
  }

 private:
  std::size_t pixels() const { return frames_ * static_cast<std::size_t>(extent_.pixels()); }

  template <class V>
  static bool is_value(V value, const oracle::Answer& answer, std::size_t i) {
    if constexpr (std::is_floating_point_v<V>)
      return testing::same_bits(value, static_cast<V>(answer.reals[i] + 0.0));
    else
      return static_cast<std::int64_t>(value) == answer.integers[i];
  }

  PixelType type_;
  Extent extent_;
  std::uint32_t frames_;
  DeviceArray<std::uint8_t> values_, saturated_;
};

/// What the oracle says.
template <class W>
oracle::Answer reduced_by_oracle(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  constexpr const char* names[] = {"max", "min", "sum", "mean"};
  if (spec.op == ReduceOp::dilate)
    return oracle::dilated(frame, spec.window, spec.factor, spec.restore == MaskRestore::yes);
  const bool scaled = spec.op == ReduceOp::sum && spec.sum_scale == SumScale::valid_fraction;
  return oracle::blocks(frame, scaled ? "scaled" : names[static_cast<std::size_t>(spec.op)],
                        spec.factor, spec.edge == Edge::partial);
}

inline std::string to_string(const ReduceSpec& spec) {
  constexpr const char* names[] = {"max", "min", "sum", "mean", "dilate"};
  return std::string(names[static_cast<std::size_t>(spec.op)]) + " factor " +
         std::to_string(spec.factor) + " window " + std::to_string(spec.window) +
         (spec.edge == Edge::partial ? " partial" : " cropped") +
         (spec.sum_scale == SumScale::none ? "" : " scaled") +
         (spec.restore == MaskRestore::yes ? " restored" : "");
}

/// Every block reduction with this factor.
inline std::vector<ReduceSpec> block_specs(std::int32_t factor) {
  std::vector<ReduceSpec> specs;
  for (const Edge edge : {Edge::crop, Edge::partial}) {
    for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::mean})
      specs.push_back({.op = op, .factor = factor, .edge = edge});
    specs.push_back({.op = ReduceOp::sum,
                     .factor = factor,
                     .edge = edge,
                     .sum_scale = SumScale::valid_fraction});
  }
  return specs;
}

/// Both dilations.
inline std::vector<ReduceSpec> dilate_specs(std::int32_t step, std::int32_t window) {
  std::vector<ReduceSpec> specs;
  for (const MaskRestore restore : {MaskRestore::no, MaskRestore::yes})
    specs.push_back({.op = ReduceOp::dilate, .factor = step, .window = window, .restore = restore});
  return specs;
}

}  // namespace quickbeam::tests
