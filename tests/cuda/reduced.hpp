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
#include "tests/cuda/device_array.hpp"
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

inline std::string describe(const ReduceSpec& spec) {
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

/// Frames of one look and size, each different.
template <class W>
std::vector<oracle::Frame<W>> make_frames(std::size_t count, Extent extent, testing::Look look,
                                          std::uint32_t seed) {
  std::vector<oracle::Frame<W>> frames;
  for (std::size_t i = 0; i < count; ++i) {
    const auto frame_seed = seed + 1000 * static_cast<std::uint32_t>(i);
    frames.push_back(testing::make_frame<W>(extent.width, extent.height, look, frame_seed));
  }
  return frames;
}

/// The same with the look that the seed says.
template <class W>
std::vector<oracle::Frame<W>> make_frames(std::size_t count, Extent extent, std::uint32_t seed) {
  return make_frames<W>(count, extent, testing::looks()[seed % testing::looks().size()], seed);
}

/// The pixels, or the flags, of all frames.
template <class T, class W>
std::vector<T> joined(const std::vector<oracle::Frame<W>>& frames,
                      std::vector<T> oracle::Frame<W>::*which) {
  std::vector<T> all;
  for (const auto& frame : frames)
    all.insert(all.end(), (frame.*which).begin(), (frame.*which).end());
  return all;
}

/// Reduces frames of one size in memory of the exact size, and compares with the oracle.
template <class W>
void check_planes(const std::vector<oracle::Frame<W>>& frames, const ReduceSpec& spec) {
  const oracle::Frame<W>& first = frames.front();
  const Extent extent{first.width, first.height};
  const auto count = static_cast<std::uint32_t>(frames.size());
  SCOPED_TRACE(::testing::Message()
               << name_of(pixel_type_of<W>()) << " " << count << " of " << first.width << " x "
               << first.height << " " << describe(spec));
  const DeviceArray<W> pixels(joined(frames, &oracle::Frame<W>::pixels));
  const DeviceArray<std::uint8_t> flags(joined(frames, &oracle::Frame<W>::flags));
  const auto by =
      first.flags.empty() ? kernels::cuda::SaturatedBy::value : kernels::cuda::SaturatedBy::flags;
  const DeviceArray<std::uint8_t> scratch(
      kernels::cuda::plane_reduce_bytes(count, extent, sizeof(W), spec, by), 0xa5);
  const DeviceReduced<W> out(count, extent, spec);
  kernels::cuda::reduce_planes<W>(
      {pixels.get(), flags.get(), count, extent, {first.lowest, first.highest}, first.saturation},
      spec, out.planes(), scratch.get(), nullptr);
  std::vector<oracle::Answer> answers;
  for (const auto& frame : frames) answers.push_back(reduced_by_oracle(frame, spec));
  out.expect(answers);
}

/// Sizes at which something begins or ends.
inline std::vector<Extent> awkward_shapes() {
  return {{0, 0},   {0, 5},   {5, 0},   {1, 1},   {1, 31},  {31, 1}, {1, 300},
          {300, 1}, {31, 33}, {32, 32}, {33, 31}, {64, 40}, {61, 37}};
}

}  // namespace quickbeam::tests
