// SPDX-License-Identifier: BSD-3-Clause
// The reference of `verify` is right by itself: against the oracle of the tests, and by hand.
#include "host/src/verify_reference.hpp"

#include <gtest/gtest.h>

#include <quickbeam/core/error.hpp>

#include "tests/host/plan_frames.hpp"

namespace quickbeam {
namespace {

using test::extent;
using test::some_frame;

template <class T>
ReducePlan plan_for(const Image* mask = nullptr) {
  return {.type = pixel_type_of<T>(),
          .extent = extent,
          .spec = {},
          .mask_rule = {},
          .saturation = test::cutoff,
          .user_mask = mask};
}

template <class T>
Reference taken(const std::vector<T>& pixels, const ReducePlan& plan) {
  Reference reference(plan);
  reference.take(ConstAnyView(ImageView<const T>(pixels.data(), extent)));
  return reference;
}

void expect_equal(const ReducedImage& found, const oracle::Answer& answer) {
  ASSERT_EQ(found.values.extent(), (Extent{answer.width, answer.height}));
  visit(found.values.const_view(), [&](auto values) {
    for (std::int64_t i = 0; i < values.extent.pixels(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      const auto v = values.data[i];
      using V = std::remove_const_t<decltype(v)>;
      if constexpr (std::is_integral_v<V>)
        ASSERT_EQ(static_cast<std::int64_t>(v), answer.integers[k]) << i;
      else if (std::isnan(answer.reals[k]))
        ASSERT_TRUE(std::isnan(v)) << i;
      else
        ASSERT_EQ(static_cast<double>(v), answer.reals[k]) << i;
      ASSERT_EQ(found.saturated.as<std::uint8_t>().data[i], answer.saturated[k]) << i;
    }
  });
}

template <class T>
class ReferenceReductions : public ::testing::Test {};
using StoredTypes = ::testing::Types<std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                                     std::int64_t, float, double>;
TYPED_TEST_SUITE(ReferenceReductions, StoredTypes);

TYPED_TEST(ReferenceReductions, EqualTheOracle) {
  using T = TypeParam;
  const auto pixels = some_frame<T>(7);
  const auto frame = test::seen(pixels);
  const Reference reference = taken(pixels, plan_for<T>());
  for (const std::int32_t factor : {1, 2, 7, 41})
    for (const Edge edge : {Edge::crop, Edge::partial}) {
      SCOPED_TRACE(factor);
      const bool partial = edge == Edge::partial;
      const auto spec = [&](ReduceOp op, SumScale scale = SumScale::none) {
        return ReduceSpec{.op = op, .factor = factor, .edge = edge, .sum_scale = scale};
      };
      const auto blocks = [&](const char* op) {
        return oracle::blocks(frame, op, factor, partial);
      };
      expect_equal(reference.reduce(spec(ReduceOp::max)), blocks("max"));
      expect_equal(reference.reduce(spec(ReduceOp::min)), blocks("min"));
      expect_equal(reference.reduce(spec(ReduceOp::mean)), blocks("mean"));
      expect_equal(reference.reduce(spec(ReduceOp::sum)), blocks("sum"));
      expect_equal(reference.reduce(spec(ReduceOp::sum, SumScale::valid_fraction)),
                   blocks("scaled"));
    }
  for (const std::int32_t step : {1, 4})
    for (const MaskRestore restore : {MaskRestore::no, MaskRestore::yes})
      expect_equal(reference.reduce(
                       {.op = ReduceOp::dilate, .factor = step, .window = 6, .restore = restore}),
                   oracle::dilated(frame, 6, step, restore == MaskRestore::yes));
}

TEST(Reference, TheUsersMaskMasks) {
  auto pixels = some_frame<std::int32_t>(8);
  Image mask(PixelType::u8, extent);
  for (std::int64_t i = 0; i < extent.pixels(); ++i)
    mask.as<std::uint8_t>().data[i] = i % 11 == 0 ? 200 : 0;
  const Reference reference = taken(pixels, plan_for<std::int32_t>(&mask));
  for (std::size_t i = 0; i < pixels.size(); i += 11) pixels[i] = -1;
  expect_equal(reference.reduce({.op = ReduceOp::sum, .factor = 3}),
               oracle::blocks(test::seen(pixels), "sum", 3, false));
}

TEST(Reference, CountsAndClips) {
  std::vector<float> pixels(static_cast<std::size_t>(extent.pixels()), -1);
  pixels[0] = 0.5F;
  pixels[1] = 2.75F;
  pixels[2] = 2;
  pixels[3] = 70000;
  pixels[4] = 3e9F;
  auto plan = plan_for<float>();
  plan.saturation = 1e9;
  Reference reference = taken(pixels, plan);
  const auto counts = reference.counts();
  EXPECT_EQ(counts.size(), 65536u);
  EXPECT_EQ(counts[0], 1u);
  EXPECT_EQ(counts[2], 2u);
  EXPECT_EQ(counts[65535], 1u) << "3e9 is saturated, the masked ones are masked";
  std::uint64_t total = 0;
  for (const auto count : counts) total += count;
  EXPECT_EQ(total, 4u);
  reference.clip(2.5);
  const ReducedImage clipped = reference.reduce({.op = ReduceOp::max, .factor = 1});
  const float expected[] = {0.5F, 2.5F, 2, 2.5F, 2.5F};
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(clipped.values.as<float>().data[i], expected[i]);
  EXPECT_TRUE(std::isnan(clipped.values.as<float>().data[5]));
}

TEST(DecodeReference, ByteOffsetAndPlainInBothOrders) {
  const auto pixels = some_frame<std::int32_t>(9);
  const test::Encoded<std::int32_t> encoded(pixels, Encoding::byte_offset);
  const auto stored = [](const Payload& payload) {
    const ReferenceStream stream = decode_reference(payload);
    const auto* data = stream.stored.as<std::int32_t>().data;
    return std::vector<std::int32_t>(data, data + stream.stored.extent().pixels());
  };
  EXPECT_EQ(stored(encoded.payload()), pixels);
  const test::Encoded<std::int32_t> plain(pixels, Encoding::raw);
  EXPECT_EQ(stored(plain.payload()), pixels);
  auto swapped = pixels;
  for (auto& v : swapped)
    v = static_cast<std::int32_t>(__builtin_bswap32(static_cast<std::uint32_t>(v)));
  const test::Encoded<std::int32_t> big(swapped, Encoding::raw);
  Payload payload = big.payload();
  payload.order = ByteOrder::big;
  EXPECT_EQ(stored(payload), pixels);
}

TEST(DecodeReference, SaysWhereASumWrapsAndWhatIsWrong) {
  // 32-bit: 2^31 - 1, then one more.
  const auto byte = [](int v) { return static_cast<std::byte>(v); };
  std::vector<std::byte> bytes{byte(0x80), byte(0),    byte(0x80), byte(0xff),
                               byte(0xff), byte(0xff), byte(0x7f), byte(1)};
  Payload payload{
      .encoding = Encoding::byte_offset, .type = PixelType::i32, .extent = {2, 1}, .bytes = bytes};
  const ReferenceStream wrapped = decode_reference(payload);
  EXPECT_EQ(wrapped.wrapped, 1u);
  EXPECT_EQ(wrapped.stored.as<std::int32_t>().data[1], std::numeric_limits<std::int32_t>::min());
  payload.extent = {3, 1};
  try {
    decode_reference(payload);
    ADD_FAILURE() << "a pixel is missing";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::inconsistent);
    EXPECT_EQ(error.info().offset, 8u);
  }
}

}  // namespace
}  // namespace quickbeam
