// SPDX-License-Identifier: BSD-3-Clause
// The kernels that take a few frames from their bytes on the device to reduced frames there.
#include "host/src/cuda/piece_runner.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "host/src/frame_rows.hpp"
#include "kernels/byte_offset_cuda.hpp"
#include "kernels/planes_cuda.hpp"
#include "kernels/reduce.hpp"
#include "kernels/tone_cuda.hpp"

namespace quickbeam::cuda {
namespace {

using kernels::PixelRule;
using kernels::cuda::RawBatch;
using kernels::cuda::StreamBatch;
using kernels::cuda::StreamIndex;

/// The GPU decodes byte-offset data whose sums are modulo 2^32.
template <class T>
inline constexpr bool has_device_decoder = std::is_integral_v<T> && sizeof(T) <= 4;

/// The type of planes and of what is reduced: pixels, or their sums over a group.
template <class F>
decltype(auto) visit_plane_type(const ReducePlan& plan, F&& f) {
  return visit_type(plan.type, [&](auto tag) -> decltype(auto) {
    using Rows = FrameRows<typename decltype(tag)::type>;
    return plan.group > 1 ? f(typename Rows::Sum{}) : f(typename Rows::W{});
  });
}

template <class T>
class TypedRunner final : public PieceRunner {
  using W = typename FrameRows<T>::W;
  using Sum = typename FrameRows<T>::Sum;

 public:
  explicit TypedRunner(const ReducePlan& plan)
      : plan_(plan),
        valid_(valid_range<T>(plan.mask_rule)),
        saturation_(highest_unsaturated<W>(plan.saturation)) {}

  bool decodes(Encoding encoding) const override {
    return has_device_decoder<T> && encoding == Encoding::byte_offset;
  }

  void run(const Piece& piece, BatchMemory& memory, Lane& lane) override {
    if (plan_.group > 1)
      run_sums(piece, memory, lane);
    else if (piece.fused)
      run_fused(piece, memory, lane);
    else
      run_planes(piece, memory, lane);
  }

 private:
  /// Bytes in, reduced frames out: no frame of full size in between.
  void run_fused(const Piece& piece, BatchMemory& memory, Lane& lane) {
    if constexpr (has_device_decoder<T>) {
      upload(piece, 0, memory, lane);
      const StreamBatch batch = streams(piece, 0, memory);
      const StreamIndex index = index_of(memory);
      kernels::cuda::index_streams(batch, index, lane.stream());
      PixelRule<W> rule = pixel_rule(memory);
      if (wants_counts(piece)) {
        clear_counts(piece, memory, lane);
        kernels::cuda::count_streams<W>(batch, index, rule, memory.device().counts, lane.stream());
        rule.clip = finish_counts<W>(piece, memory, lane);
      }
      kernels::cuda::reduce_streams<W>(batch, index, rule, plan_.spec,
                                       reduced_planes(plan_, memory, piece.first, piece.frames()),
                                       memory.device().scratch, lane.stream());
      fetch_verdicts(piece, 0, memory, lane);
    }
  }

  void run_planes(const Piece& piece, BatchMemory& memory, Lane& lane) {
    auto* const planes = static_cast<W*>(memory.device().planes);
    upload(piece, 0, memory, lane);
    if (piece.streams) {
      if constexpr (has_device_decoder<T>) {
        const StreamBatch batch = streams(piece, 0, memory);
        kernels::cuda::index_streams(batch, index_of(memory), lane.stream());
        kernels::cuda::decode_streams<W>(batch, index_of(memory), pixel_rule(memory), planes,
                                         lane.stream());
        fetch_verdicts(piece, 0, memory, lane);
      }
    } else {
      kernels::cuda::widen_planes<W>(raw(piece, memory), pixel_rule(memory), planes, lane.stream());
    }
    reduce<W>(piece, {.valid = valid_, .saturation = saturation_}, nullptr, memory, lane);
  }

  /// Frame by frame onto the sums of the piece's groups.
  void run_sums(const Piece& piece, BatchMemory& memory, Lane& lane) {
    const DevicePieces& device = memory.device();
    auto* const sums = static_cast<Sum*>(device.planes);
    const std::size_t pixels = piece.tasks.size() * pixels_of_frame();
    lane.clear(sums, pixels * sizeof(Sum));
    lane.clear(device.flags, pixels);
    for (std::size_t k = 0; k < piece.group(); ++k) {
      upload(piece, k, memory, lane);
      if (piece.streams) {
        if constexpr (has_device_decoder<T>) {
          const StreamBatch batch = streams(piece, k, memory);
          kernels::cuda::index_streams(batch, index_of(memory), lane.stream());
          kernels::cuda::add_streams<W>(batch, index_of(memory), pixel_rule(memory), sums,
                                        device.flags, lane.stream());
          fetch_verdicts(piece, k, memory, lane);
        }
      } else {
        kernels::cuda::add_planes<W, Sum>(raw(piece, memory), pixel_rule(memory), sums,
                                          device.flags, lane.stream());
      }
    }
    reduce<Sum>(
        piece, {.valid = FrameRows<T>::valid_sums(), .saturation = std::numeric_limits<Sum>::max()},
        device.flags, memory, lane);
  }

  /// What happens to planes: counted, cut, reduced.
  template <class V>
  void reduce(const Piece& piece, PixelRule<V> rule, const std::uint8_t* flags, BatchMemory& memory,
              Lane& lane) {
    auto* const planes = static_cast<V*>(memory.device().planes);
    const auto pixels = static_cast<std::int64_t>(pixels_of_frame());
    if (wants_counts(piece)) {
      clear_counts(piece, memory, lane);
      kernels::cuda::count_planes<V>(planes, flags, piece.frames(), pixels, rule,
                                     memory.device().counts, lane.stream());
      rule.clip = finish_counts<V>(piece, memory, lane);
    }
    if (rule.clip)
      kernels::cuda::clip_planes<V>(planes, piece.frames(), pixels, rule, lane.stream());
    kernels::cuda::reduce_planes<V>({.pixels = planes,
                                     .flags = flags,
                                     .frames = piece.frames(),
                                     .extent = plan_.extent,
                                     .valid = rule.valid,
                                     .saturation = rule.saturation},
                                    plan_.spec,
                                    reduced_planes(plan_, memory, piece.first, piece.frames()),
                                    memory.device().scratch, lane.stream());
  }

  /// The k-th frame of every group into the slots.
  void upload(const Piece& piece, std::size_t k, BatchMemory& memory, Lane& lane) {
    const std::size_t at = k * memory.size().kept + piece.first;
    for (std::size_t i = 0; i < piece.tasks.size(); ++i) {
      const auto bytes = stored_bytes(piece, i, k);
      lane.copy_in(memory.device().input + i * memory.size().slot, bytes.data(), bytes.size());
      memory.pinned().sizes[at + i] = bytes.size();
    }
    lane.copy_in(memory.device().sizes + at, memory.pinned().sizes + at,
                 piece.tasks.size() * sizeof(std::uint64_t));
  }

  /// What the device takes: encoded as it is, or decoded here. A frame that cannot be is left to
  /// the CPU, which says why.
  std::span<const std::byte> stored_bytes(const Piece& piece, std::size_t i, std::size_t k) {
    const Payload& payload = piece.tasks[i].group[k];
    if (piece.streams) return payload.bytes;
    const std::size_t size = pixels_of_frame() * sizeof(T);
    if (payload.encoding == Encoding::raw && payload.order == piece.order) {
      if (payload.bytes.size() == size) return payload.bytes;
      piece.redo[i] = 1;
      return {};
    }
    if (unpacked_.size() <= i) unpacked_.resize(i + 1);
    try {
      if (kernels::decode_all(payload, unpacked_[i].resize(size))) piece.redo[i] = 1;
    } catch (const Error&) {
      piece.redo[i] = 1;
    }
    return unpacked_[i].span();
  }

  StreamBatch streams(const Piece& piece, std::size_t k, const BatchMemory& memory) const {
    const std::size_t at = k * memory.size().kept + piece.first;
    const std::uint64_t* const sizes = memory.pinned().sizes + at;
    return {.data = memory.device().slots,
            .size = memory.device().sizes + at,
            .frames = piece.frames(),
            .type = plan_.type,
            .longest = *std::max_element(sizes, sizes + piece.tasks.size()),
            .extent = plan_.extent};
  }

  RawBatch raw(const Piece& piece, const BatchMemory& memory) const {
    return {.data = memory.device().slots,
            .frames = piece.frames(),
            .type = plan_.type,
            .order = piece.order,
            .extent = plan_.extent};
  }

  static StreamIndex index_of(const BatchMemory& memory) {
    return kernels::cuda::stream_index(memory.device().index,
                                       static_cast<std::uint32_t>(memory.size().at_once),
                                       memory.size().slot);
  }

  void fetch_verdicts(const Piece& piece, std::size_t k, BatchMemory& memory, Lane& lane) {
    lane.copy_out(memory.pinned().verdicts + k * memory.size().kept + piece.first,
                  index_of(memory).verdicts,
                  piece.tasks.size() * sizeof(kernels::cuda::StreamVerdict));
  }

  PixelRule<W> pixel_rule(const BatchMemory& memory) const {
    return {.valid = valid_, .saturation = saturation_, .mask = memory.device().mask};
  }

  static bool wants_counts(const Piece& piece) { return !piece.tasks.front().counts.empty(); }

  static void clear_counts(const Piece& piece, BatchMemory& memory, Lane& lane) {
    lane.clear(memory.device().counts,
               piece.tasks.size() * kernels::raw_histogram_bins * sizeof(std::uint32_t));
  }

  /// Waits for the histograms, gives them to the tasks, and makes the cut, if there is one, of
  /// each: V values on the device.
  template <class V>
  const V* finish_counts(const Piece& piece, BatchMemory& memory, Lane& lane) {
    constexpr std::size_t bins = kernels::raw_histogram_bins;
    const std::uint32_t* const counts = memory.pinned().counts;
    lane.copy_out(memory.pinned().counts, memory.device().counts,
                  piece.tasks.size() * bins * sizeof(std::uint32_t));
    lane.wait();
    auto* const clip = static_cast<V*>(memory.pinned().clip) + piece.first;
    auto* const device_clip = static_cast<V*>(memory.device().clip) + piece.first;
    for (std::size_t i = 0; i < piece.tasks.size(); ++i) {
      std::copy_n(counts + i * bins, bins, piece.tasks[i].counts.begin());
      if (plan_.clip) clip[i] = highest_unsaturated<V>(plan_.clip(piece.tasks[i].counts));
    }
    if (!plan_.clip) return nullptr;
    lane.copy_in(device_clip, clip, piece.tasks.size() * sizeof(V));
    return device_clip;
  }

  std::size_t pixels_of_frame() const { return static_cast<std::size_t>(plan_.extent.pixels()); }

  ReducePlan plan_;
  ValidRange<W> valid_;
  W saturation_;
  std::vector<Buffer<std::byte>> unpacked_;  ///< what the host decodes, one for each slot
};

}  // namespace

PixelType value_type_of(const ReducePlan& plan) {
  return visit_plane_type(
      plan, [&](auto pixel) { return kernels::reduced_type<decltype(pixel)>(plan.spec); });
}

BatchShape shape_of(const ReducePlan& plan) {
  const Extent reduced = kernels::reduced_extent(plan.extent, plan.spec);
  const PixelType value = value_type_of(plan);
  return {
      .group = plan.group,
      .pixels = static_cast<std::size_t>(plan.extent.pixels()),
      .plane_bytes = visit_plane_type(plan, [](auto pixel) { return sizeof pixel; }),
      .flags = plan.group > 1,
      .mask = plan.user_mask != nullptr,
      .counts = plan.counts,
      .reduced_pixels = static_cast<std::size_t>(reduced.pixels()),
      .value_bytes = size_of(value),
      .steps_bytes = visit_type(
          value, [](auto tag) { return sizeof(kernels::ToneSteps<typename decltype(tag)::type>); }),
      .type = plan.type,
      .extent = plan.extent,
      .spec = plan.spec};
}

kernels::cuda::ReducedPlanes reduced_planes(const ReducePlan& plan, const BatchMemory& memory,
                                            std::size_t first, std::size_t frames) {
  const Extent extent = kernels::reduced_extent(plan.extent, plan.spec);
  const auto pixels = static_cast<std::size_t>(extent.pixels());
  const PixelType type = value_type_of(plan);
  return {.type = type,
          .extent = extent,
          .frames = static_cast<std::uint32_t>(frames),
          .values = memory.device().values + first * pixels * size_of(type),
          .saturated = memory.device().saturated + first * pixels};
}

std::unique_ptr<PieceRunner> make_piece_runner(const ReducePlan& plan) {
  return visit_type(plan.type, [&](auto tag) -> std::unique_ptr<PieceRunner> {
    return std::make_unique<TypedRunner<typename decltype(tag)::type>>(plan);
  });
}

}  // namespace quickbeam::cuda
