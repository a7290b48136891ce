// SPDX-License-Identifier: BSD-3-Clause
// reduce_planes against the reducers of the CPU.
#include "kernels/bin_cuda.hpp"

#include <gtest/gtest.h>

#include "host/src/cuda/runtime.hpp"
#include "kernels/reduce.hpp"
#include "tests/cuda/device_array.hpp"
#include "tests/cuda/seed.hpp"
#include "tests/kernels/reduce_cases.hpp"

namespace quickbeam {
namespace {

using namespace quickbeam::testing;
using tests::DeviceArray;

/// Frames of one size, one after the other as the batch holds them.
template <class W>
struct Batch {
  std::vector<oracle::Frame<W>> frames;
  std::vector<W> pixels;
  std::vector<std::uint8_t> flags;
};

template <class W>
Batch<W> make_batch(std::uint32_t count, Extent extent, Look look) {
  Batch<W> batch;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto frame = make_frame<W>(extent.width, extent.height, look,
                               static_cast<std::uint32_t>(tests::test_seed(100 + i)));
    if (i % 2) mask_a_gap(frame);
    batch.pixels.insert(batch.pixels.end(), frame.pixels.begin(), frame.pixels.end());
    batch.flags.insert(batch.flags.end(), frame.flags.begin(), frame.flags.end());
    batch.frames.push_back(std::move(frame));
  }
  return batch;
}

/// What the CPU makes of one frame.
template <class W>
ReducedImage on_cpu(const oracle::Frame<W>& frame, const ReduceSpec& spec) {
  const auto reducer = kernels::make_row_reducer<W>(
      {frame.width, frame.height}, spec, {frame.lowest, frame.highest}, frame.saturation);
  const auto width = static_cast<std::size_t>(frame.width);
  std::vector<W> row(width + kernels::row_padding);
  std::vector<std::uint8_t> flags(width + kernels::row_padding);
  ReducedImage out;
  reducer->begin(out);
  for (std::int64_t y = 0; y < frame.height; ++y) {
    std::copy_n(frame.pixels.begin() + y * frame.width, width, row.begin());
    if (!frame.flags.empty())
      std::copy_n(frame.flags.begin() + y * frame.width, width, flags.begin());
    reducer->push(row.data(), frame.flags.empty() ? nullptr : flags.data());
  }
  reducer->finish();
  return out;
}

template <class W, class T>
void check_as(const Batch<W>& batch, const ReduceSpec& spec) {
  const auto& first = batch.frames.front();
  const Extent in{first.width, first.height}, out = kernels::reduced_extent(in, spec);
  const auto count = static_cast<std::uint32_t>(batch.frames.size());
  const auto reduced = static_cast<std::size_t>(out.pixels());
  const cuda::Stream stream = cuda::make_stream();
  const DeviceArray<W> pixels(batch.pixels);
  const DeviceArray<std::uint8_t> flags(batch.flags);
  const DeviceArray<T> values(count * reduced);
  const DeviceArray<std::uint8_t> saturated(count * reduced);
  const auto by =
      batch.flags.empty() ? kernels::cuda::SaturatedBy::value : kernels::cuda::SaturatedBy::flags;
  const DeviceArray<char> scratch(
      kernels::cuda::plane_reduce_bytes(count, in, sizeof(W), spec, by));
  kernels::cuda::reduce_planes<W>({.pixels = pixels.get(),
                                   .flags = batch.flags.empty() ? nullptr : flags.get(),
                                   .frames = count,
                                   .extent = in,
                                   .valid = {first.lowest, first.highest},
                                   .saturation = first.saturation},
                                  spec,
                                  {.type = kernels::reduced_type<W>(spec),
                                   .extent = out,
                                   .frames = count,
                                   .values = values.get(),
                                   .saturated = saturated.get()},
                                  scratch.get(), stream.get());
  const auto got = values.read(stream.get());
  const auto got_saturated = saturated.read(stream.get());
  for (std::uint32_t f = 0; f < count; ++f) {
    const ReducedImage want = on_cpu(batch.frames[f], spec);
    const T* const want_values = want.values.as<T>().data;
    const std::uint8_t* const want_saturated = want.saturated.as<std::uint8_t>().data;
    for (std::size_t i = 0; i < reduced; ++i) {
      const T a = got[f * reduced + i], b = want_values[i];
      if constexpr (std::is_floating_point_v<T>)
        ASSERT_TRUE(same_bits(a, b)) << f << ", " << i << ": " << a << " for " << b;
      else
        ASSERT_EQ(a, b) << f << ", " << i;
      ASSERT_EQ(got_saturated[f * reduced + i], want_saturated[i]) << f << ", " << i;
    }
  }
}

template <class W>
void check(const Batch<W>& batch, const ReduceSpec& spec) {
  SCOPED_TRACE(::testing::Message()
               << name_of(pixel_type_of<W>()) << " " << batch.frames.size() << " of "
               << batch.frames[0].width << " x " << batch.frames[0].height << " operation "
               << static_cast<int>(spec.op) << " factor " << spec.factor << " window "
               << spec.window);
  visit_type(kernels::reduced_type<W>(spec),
             [&](auto tag) { check_as<W, typename decltype(tag)::type>(batch, spec); });
}

template <class W>
class Bin : public ::testing::Test {};
TYPED_TEST_SUITE(Bin, WorkTypes);

std::vector<ReduceSpec> specs() {
  std::vector<ReduceSpec> all;
  for (const std::int32_t factor : {1, 2, 3, 7, 10}) {
    for (const Edge edge : {Edge::partial, Edge::crop})
      for (const ReduceOp op : {ReduceOp::max, ReduceOp::min, ReduceOp::sum, ReduceOp::mean})
        all.push_back({.op = op, .factor = factor, .edge = edge});
    all.push_back({.op = ReduceOp::sum, .factor = factor, .sum_scale = SumScale::valid_fraction});
    for (const MaskRestore restore : {MaskRestore::yes, MaskRestore::no})
      all.push_back(
          {.op = ReduceOp::dilate, .factor = factor, .window = factor + 3, .restore = restore});
  }
  return all;
}

TYPED_TEST(Bin, EqualsTheCpuOnAwkwardSizes) {
  for (const Extent extent : {Extent{1, 1}, {31, 33}, {32, 8}, {33, 1}, {1, 40}, {97, 53}}) {
    const auto batch = make_batch<TypeParam>(2, extent, {});
    for (const ReduceSpec& spec : specs()) check(batch, spec);
  }
}

TYPED_TEST(Bin, EqualsTheCpuForEveryLook) {
  for (const Look look : looks()) {
    const auto batch = make_batch<TypeParam>(3, {50, 21}, look);
    for (const ReduceSpec& spec : specs())
      if (spec.factor == 3) check(batch, spec);
  }
}

TYPED_TEST(Bin, NothingIsAskedOfNothing) {
  // A launch of no blocks would be refused.
  EXPECT_NO_THROW(kernels::cuda::reduce_planes<TypeParam>({}, {.op = ReduceOp::max, .factor = 2},
                                                          {}, nullptr, nullptr));
}

TYPED_TEST(Bin, SidesThatAreTooLongAreALimit) {
  constexpr std::int64_t most = 2147483647;
  for (const Extent extent : {Extent{most + 1, 1}, {1, most + 1}}) try {
      kernels::cuda::reduce_planes<TypeParam>({.frames = 1, .extent = extent},
                                              {.op = ReduceOp::max, .factor = 2},
                                              {.extent = {1, 1}, .frames = 1}, nullptr, nullptr);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.info().code, ErrorCode::limit);
    }
}

}  // namespace
}  // namespace quickbeam
