// SPDX-License-Identifier: BSD-3-Clause
// The same frames through a plan on the CPU and one on the GPU, and everything they say compared.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include <quickbeam/plan.hpp>

#include "kernels/byte_offset.hpp"

namespace quickbeam::tests {

/// How the pixels of a test frame are stored.
enum class Stored { stream, raw, raw_big };

/// A frame that owns its bytes.
template <class T>
class TestFrame {
 public:
  /// Counts with masked bands, lone masked pixels, saturated ones and jumps that need long codes.
  TestFrame(Extent extent, std::uint32_t seed, Stored stored) : extent_(extent), stored_(stored) {
    std::mt19937 random(seed);
    std::vector<T> pixels;
    for (std::int64_t i = 0; i < extent.pixels(); ++i) {
      const bool masked = i % extent.width / 9 == 2 || random() % 40 == 0;
      const bool strong = random() % 30 == 0;
      const auto count = static_cast<std::int64_t>(strong ? random() % 70000 : random() % 9);
      const auto bound = static_cast<std::int64_t>(sizeof(T) == 1   ? 100
                                                   : sizeof(T) == 2 ? 30000
                                                                    : std::int64_t{1} << 30);
      pixels.push_back(static_cast<T>(masked ? -1 : std::min(count, bound)));
    }
    store(pixels);
  }
  TestFrame(Extent extent, const std::vector<T>& pixels, Stored stored)
      : extent_(extent), stored_(stored) {
    store(pixels);
  }

  Payload payload() const {
    return {.encoding = stored_ == Stored::stream ? Encoding::byte_offset : Encoding::raw,
            .order = stored_ == Stored::raw_big ? ByteOrder::big : ByteOrder::little,
            .type = pixel_type_of<T>(),
            .extent = extent_,
            .bytes = bytes_.span()};
  }
  /// The bytes, to be damaged.
  std::span<std::byte> bytes() { return bytes_.span(); }
  void shorten(std::size_t by) { bytes_.resize(bytes_.size() - by); }

 private:
  void store(const std::vector<T>& pixels) {
    if (stored_ == Stored::stream) {
      if constexpr (std::is_integral_v<T>) {
        const std::size_t size = kernels::encode_byte_offset<T>(pixels, bytes_).size();
        bytes_.resize(size);
      }
      return;
    }
    bytes_.resize(pixels.size() * sizeof(T));
    std::memcpy(bytes_.data(), pixels.data(), bytes_.size());
    if (stored_ == Stored::raw_big)
      for (std::size_t i = 0; i < bytes_.size(); i += sizeof(T))
        std::reverse(bytes_.data() + i, bytes_.data() + i + sizeof(T));
  }

  Extent extent_;
  Stored stored_;
  Buffer<std::byte> bytes_;
};

/// Groups of frames of one kind, and the payloads as a plan takes them.
struct Batch {
  std::vector<std::vector<Payload>> groups;
  std::vector<FrameGroup> spans() const { return {groups.begin(), groups.end()}; }
};

/// Every frame `group` times, one after the other, in batches of one group each.
template <class T>
Batch batch_of(const std::vector<TestFrame<T>>& frames, std::size_t group = 1) {
  Batch batch;
  for (std::size_t i = 0; i < frames.size(); i += group) {
    auto& payloads = batch.groups.emplace_back();
    for (std::size_t k = i; k < std::min(i + group, frames.size()); ++k)
      payloads.push_back(frames[k].payload());
  }
  return batch;
}

inline void expect_same_image(const Image& a, const Image& b, const char* what) {
  ASSERT_EQ(a.type(), b.type()) << what;
  ASSERT_EQ(a.extent(), b.extent()) << what;
  const auto bytes = static_cast<std::size_t>(a.extent().pixels()) * size_of(a.type());
  const auto* const left = static_cast<const std::byte*>(a.const_view().data);
  const auto* const right = static_cast<const std::byte*>(b.const_view().data);
  const auto first = std::mismatch(left, left + bytes, right).first - left;
  ASSERT_EQ(static_cast<std::size_t>(first), bytes) << what << ": first different byte";
}

/// Everything that two plans say of frame `i` and `j`.
inline void expect_same(Plan& a, std::size_t i, Plan& b, std::size_t j, const Recipe& recipe,
                        bool reduced) {
  const ReduceOutcome &left = a.outcome(i), &right = b.outcome(j);
  ASSERT_EQ(left.error.has_value(), right.error.has_value());
  if (left.error) {
    EXPECT_EQ(to_string(*left.error), to_string(*right.error));
    return;
  }
  EXPECT_EQ(left.wrapped_pixel, right.wrapped_pixel);
  if (reduced) {
    expect_same_image(a.reduced(i).values, b.reduced(j).values, "values");
    expect_same_image(a.reduced(i).saturated, b.reduced(j).saturated, "flags");
  }
  EXPECT_EQ(a.levels(i), b.levels(j));
  const ReducedNumbers m = a.numbers(i), n = b.numbers(j);
  EXPECT_EQ(m.valid, n.valid);
  EXPECT_EQ(m.masked, n.masked);
  EXPECT_EQ(m.saturated, n.saturated);
  EXPECT_EQ(m.highest, n.highest);
  for (std::size_t p = 0; p < recipe.pictures.size(); ++p)
    expect_same_image(a.picture(p, i), b.picture(p, j), "picture");
}

inline std::vector<LevelRange> levels_of(Plan& plan, std::size_t frames) {
  std::vector<LevelRange> levels(frames);
  for (std::size_t i = 0; i < frames; ++i)
    if (!plan.outcome(i).error) levels[i] = plan.levels(i);
  return levels;
}

/// Reduces and renders `batch` on `device` at once and frame by frame on the CPU: all must be
/// equal, and done where `backend` says. Returns the notices of the device's plan.
inline std::string expect_cpu_results(const Recipe& recipe, const Batch& batch,
                                      const DeviceChoice& device, bool keep_reduced,
                                      const char* backend = "cuda", const Image* mask = nullptr) {
  const Payload& first = batch.groups.front().front();
  const FrameLayout layout{.type = first.type, .extent = first.extent, .count_cutoff = 500};
  Plan on_cpu(recipe, layout, choose_device("cpu"), mask);
  Plan on_device(recipe, layout, device, mask, {.keep_reduced = keep_reduced});
  on_device.reduce_batch(batch.spans());
  on_device.render_batch(levels_of(on_device, batch.groups.size()));
  std::string notices;
  for (std::size_t i = 0; i < batch.groups.size(); ++i) {
    SCOPED_TRACE(::testing::Message() << "frame " << i);
    const FrameGroup group(batch.groups[i]);
    on_cpu.reduce_batch({&group, 1});
    on_cpu.render_batch(levels_of(on_cpu, 1));
    expect_same(on_cpu, 0, on_device, i, recipe, keep_reduced);
    if (::testing::Test::HasFatalFailure()) return notices;
    if (!on_device.outcome(i).error && *backend != '\0') {
      EXPECT_EQ(on_device.outcome(i).backend, backend);
    }
    notices += on_device.outcome(i).notice;
  }
  return notices;
}

}  // namespace quickbeam::tests
