// SPDX-License-Identifier: BSD-3-Clause
// The reference of `verify`.
#include "host/src/verify_reference.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include <quickbeam/core/error.hpp>

#include "host/src/frame_rows.hpp"
#include "kernels/byte_offset.hpp"
#include "kernels/ops/bin.hpp"
#include "kernels/ops/dilate.hpp"
#include "kernels/row_decoder.hpp"
#include "kernels/row_ops.hpp"

namespace quickbeam {
namespace {

/// Calls f with the type of the stored pixels and with the one they are worked on in.
template <class F>
decltype(auto) visit_work(PixelType type, F&& f) {
  return visit_type(type, [&](auto tag) -> decltype(auto) {
    using T = typename decltype(tag)::type;
    return f(tag, TypeTag<WorkType<T>>{});
  });
}

std::uint64_t pixels_of(const Payload& stream) {
  return static_cast<std::uint64_t>(stream.extent.pixels() * stream.depth);
}

template <class T>
std::optional<std::uint64_t> decode_serially(const Payload& stream, T* out) {
  using W = WorkType<T>;
  const std::uint64_t total = pixels_of(stream);
  kernels::SerialByteOffsetDecoder decoder(stream.bytes, stream.type);
  for (std::uint64_t i = 0; i < total; ++i) {
    W value{};
    if (!decoder.read(&value, 1, 1)) break;
    out[i] = static_cast<T>(value);
  }
  if (decoder.status().fault != kernels::StreamFault::none || !decoder.finish())
    fail(kernels::stream_error(decoder.status(), total, stream.bytes.size()));
  if (!decoder.status().wrapped) return {};
  return decoder.status().wrapped_pixel;
}

/// Precondition: the bytes are exactly those of the pixels.
template <class T>
void read_plain(const Payload& stream, T* out) {
  const auto total = static_cast<std::size_t>(pixels_of(stream));
  for (std::size_t i = 0; i < total; ++i) {
    std::byte bytes[sizeof(T)];
    for (std::size_t k = 0; k < sizeof(T); ++k)
      bytes[k] =
          stream.bytes[i * sizeof(T) + (stream.order == ByteOrder::little ? k : sizeof(T) - 1 - k)];
    std::memcpy(&out[i], bytes, sizeof(T));
  }
}

template <class Op>
ReducedImage evaluate(const Op& op, Extent extent) {
  using V = typename Op::value_type;
  ReducedImage out{Image(pixel_type_of<V>(), extent), Image(PixelType::u8, extent)};
  for (std::int64_t y = 0; y < extent.height; ++y)
    for (std::int64_t x = 0; x < extent.width; ++x) {
      const auto pixel = op(x, y);
      out.values.as<V>()(x, y) = pixel.value;
      out.saturated.as<std::uint8_t>()(x, y) = pixel.saturated ? 1 : 0;
    }
  return out;
}

template <class W>
ReducedImage reduce_as(const kernels::Counts<W>& in, const ReduceSpec& spec) {
  const Extent out = kernels::reduced_extent(in.pixels.extent, spec);
  const std::int64_t factor = spec.factor;
  switch (spec.op) {
    case ReduceOp::max:
      return evaluate(kernels::BlockFold<W>{in, factor, kernels::Fold::max}, out);
    case ReduceOp::min:
      return evaluate(kernels::BlockFold<W>{in, factor, kernels::Fold::min}, out);
    case ReduceOp::mean:
      return evaluate(kernels::BlockMean<W>{in, factor}, out);
    case ReduceOp::dilate:
      return evaluate(
          kernels::DilatedPixel<W>{in, factor, spec.window, spec.restore == MaskRestore::yes}, out);
    case ReduceOp::sum:
      break;
  }
  if (spec.sum_scale == SumScale::valid_fraction)
    return evaluate(kernels::BlockScaledSum<W>{in, factor}, out);
  return evaluate(kernels::BlockSum<W>{in, factor}, out);
}

}  // namespace

ConstAnyView ReferenceStream::image(std::int64_t index, Extent extent) const {
  const ConstAnyView all = stored.const_view();
  return {all.type, all.data + index * extent.height * all.pitch_bytes, extent};
}

ReferenceStream decode_reference(const Payload& stream) {
  ReferenceStream all;
  all.stored.reshape(stream.type, {stream.extent.width, stream.extent.height * stream.depth});
  const std::size_t bytes = static_cast<std::size_t>(pixels_of(stream)) * size_of(stream.type);
  const bool serial = stream.encoding == Encoding::byte_offset && !is_floating(stream.type);
  const bool plain = stream.encoding == Encoding::raw && stream.bytes.size() == bytes;
  if (!serial && !plain) {
    all.wrapped = kernels::decode_all(stream, {all.stored.view().data, bytes});
    return all;
  }
  visit(all.stored.view(), [&](auto view) {
    using T = std::remove_cvref_t<decltype(view(0, 0))>;
    if (plain) return read_plain<T>(stream, view.data);
    if constexpr (std::is_integral_v<T>) all.wrapped = decode_serially<T>(stream, view.data);
  });
  return all;
}

void Reference::take(ConstAnyView stored) {
  visit_work(plan_.type, [&](auto tag, auto work) {
    using T = typename decltype(tag)::type;
    using W = typename decltype(work)::type;
    const auto from = stored.as<T>();
    pixels_.reshape(pixel_type_of<W>(), plan_.extent);
    const auto to = pixels_.as<W>();
    for (std::int64_t y = 0; y < plan_.extent.height; ++y)
      for (std::int64_t x = 0; x < plan_.extent.width; ++x) {
        const bool masked = plan_.user_mask && plan_.user_mask->as<std::uint8_t>()(x, y) != 0;
        to(x, y) = masked ? masked_value<W>() : static_cast<W>(from(x, y));
      }
  });
}

std::vector<std::uint64_t> Reference::counts() const {
  std::vector<std::uint64_t> counts(kernels::raw_histogram_bins);
  visit_work(plan_.type, [&](auto tag, auto work) {
    using T = typename decltype(tag)::type;
    using W = typename decltype(work)::type;
    const auto valid = valid_range<T>(plan_.mask_rule);
    const W saturation = highest_unsaturated<W>(plan_.saturation);
    const auto pixels = pixels_.as<W>();
    for (std::int64_t i = 0; i < plan_.extent.pixels(); ++i) {
      const W v = pixels.data[i];
      if (!valid(v) || v > saturation) continue;
      const double last = static_cast<double>(counts.size() - 1);
      const double bin = std::min(std::floor(std::max(static_cast<double>(v), 0.0)), last);
      ++counts[static_cast<std::size_t>(bin)];
    }
  });
  return counts;
}

void Reference::clip(double highest) {
  visit_work(plan_.type, [&](auto tag, auto work) {
    using T = typename decltype(tag)::type;
    using W = typename decltype(work)::type;
    const auto valid = valid_range<T>(plan_.mask_rule);
    const W top = highest_unsaturated<W>(highest);
    const auto pixels = pixels_.as<W>();
    for (std::int64_t i = 0; i < plan_.extent.pixels(); ++i)
      if (valid(pixels.data[i]) && pixels.data[i] > top) pixels.data[i] = top;
  });
}

ReducedImage Reference::reduce(const ReduceSpec& spec) const {
  return visit_work(plan_.type, [&](auto tag, auto work) {
    using T = typename decltype(tag)::type;
    using W = typename decltype(work)::type;
    return reduce_as<W>({.pixels = ImageView<const W>(pixels_.as<W>()),
                         .flags = nullptr,
                         .valid = valid_range<T>(plan_.mask_rule),
                         .saturation = highest_unsaturated<W>(plan_.saturation)},
                        spec);
  });
}

}  // namespace quickbeam
