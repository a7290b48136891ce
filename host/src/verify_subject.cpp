// SPDX-License-Identifier: BSD-3-Clause
// Backends as `verify` sees them.
#include "host/src/verify_subject.hpp"

#include <array>
#include <cstring>
#include <vector>

#include <quickbeam/core/error.hpp>
#include <quickbeam/plan.hpp>

#include "host/src/backends.hpp"
#include "kernels/byte_offset.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

std::size_t bytes_of(const Image& image) {
  return static_cast<std::size_t>(image.extent().pixels()) * size_of(image.type());
}

Image copy_of(const Image& image) {
  Image copy(image.type(), image.extent());
  if (bytes_of(image) != 0) std::memcpy(copy.view().data, image.const_view().data, bytes_of(image));
  return copy;
}

/// A made-up frame of the kind of another one: it goes the same way through a backend.
class Decoy {
 public:
  Payload like(const Payload& frame) {
    if (frame.type != made_.type || frame.extent != made_.extent ||
        frame.encoding != made_.encoding || frame.order != made_.order)
      make(frame);
    return made_;
  }

 private:
  void make(const Payload& frame) {
    made_ = {
        .encoding = frame.encoding == Encoding::byte_offset ? Encoding::byte_offset : Encoding::raw,
        .order = frame.order,
        .type = frame.type,
        .extent = frame.extent,
        .bytes = {}};
    visit_type(frame.type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      Buffer<T> pixels(static_cast<std::size_t>(frame.extent.pixels()));
      for (std::size_t i = 0; i < pixels.size(); ++i)
        pixels[i] = static_cast<T>(i * i % 101 == 7 ? 90 : i % 7);
      made_.bytes = std::as_bytes(memory_.resize(pixels.size() * sizeof(T)));
      if (pixels.size() != 0) std::memcpy(memory_.data(), pixels.data(), pixels.size() * sizeof(T));
      if constexpr (std::is_integral_v<T>)
        if (made_.encoding == Encoding::byte_offset)
          made_.bytes = kernels::encode_byte_offset<T>(pixels.span(), memory_);
    });
  }

  Payload made_;
  Buffer<std::byte> memory_;
};

class BackendSubject final : public VerifySubject {
 public:
  explicit BackendSubject(const VerifyTarget& target) : target_(target) {}

  std::string_view backend() const override { return target_.backend->name(); }
  DeviceChoice device() const override { return {target_.backend, {target_.device}, {}}; }

  /// Whole frames of stored pixels are made on the CPU only (`quickbeam convert`).
  bool decode(const Payload& stream, Image& out, std::optional<std::uint64_t>& wrapped) override {
    if (target_.backend != &cpu_backend()) return false;
    out.reshape(stream.type, {stream.extent.width, stream.extent.height * stream.depth});
    wrapped = kernels::decode_all(stream, {out.view().data, bytes_of(out)});
    return true;
  }

  ReduceOutcome reduce(const ReducePlan& plan, const Payload& frame, ReducedImage& out) override {
    ReducePlan here = plan;
    here.device = target_.device;
    const Batch batch = batch_of(frame);
    std::vector<ReduceTask> tasks(batch.count);
    std::array<ReducedImage, 2> others;
    for (std::size_t i = 0; i < batch.count; ++i) {
      tasks[i].group = batch.groups[i];
      tasks[i].image = i == batch.place ? &out : &others[i / 2];
    }
    target_.backend->make_reducer(here)->run(tasks);
    return checked(tasks[batch.place].outcome);
  }

  /// Twice: with the reduced image brought to the host, and with all the backend can do itself.
  SubjectPicture picture(const Recipe& recipe, const FrameInfo& info, const ReducePlan& reduce,
                         const Payload& frame) override {
    const Batch batch = batch_of(frame);
    SubjectPicture out = pictured(recipe, info, reduce.user_mask, frame, batch, false);
    const SubjectPicture kept = pictured(recipe, info, reduce.user_mask, frame, batch, true);
    out.made.reduced = {copy_of(kept.made.reduced.values), copy_of(kept.made.reduced.saturated)};
    out.outcome.notice += kept.outcome.notice;
    if (kept.outcome.backend != backend()) out.outcome.backend = kept.outcome.backend;
    return out;
  }

 private:
  /// Frames of one run; the one that counts is number `place`.
  struct Batch {
    std::array<FrameGroup, 3> groups;
    std::size_t count, place;
  };

  static const ReduceOutcome& checked(const ReduceOutcome& outcome) {
    if (outcome.error) throw Error(*outcome.error);
    return outcome;
  }

  Batch batch_of(const Payload& frame) {
    const FrameGroup own(&frame, 1);
    if (target_.backend->frames_at_once() == 1) return {{own, {}, {}}, 1, 0};
    beside_ = decoy_.like(frame);
    const FrameGroup other(&beside_, 1);
    return {{other, own, other}, 3, 1};
  }

  SubjectPicture pictured(const Recipe& recipe, const FrameInfo& info, const Image* mask,
                          const Payload& frame, const Batch& batch, bool keep_reduced) {
    Plan plan(recipe, FrameLayout::of(frame, info),
              {.backend = target_.backend, .devices = {target_.device}, .notice = {}}, mask,
              {.keep_reduced = keep_reduced});
    plan.reduce_batch(std::span(batch.groups).first(batch.count));
    checked(plan.outcome(batch.place));
    SubjectPicture out;
    std::vector<LevelRange> levels;
    for (std::size_t i = 0; i < batch.count; ++i)
      levels.push_back(plan.outcome(i).error ? LevelRange{} : plan.levels(i));
    plan.render_batch(levels);
    out.outcome = checked(plan.outcome(batch.place));
    out.made.levels = levels[batch.place];
    out.made.numbers = plan.numbers(batch.place);
    if (keep_reduced) {
      const ReducedImage& reduced = plan.reduced(batch.place);
      out.made.reduced = {copy_of(reduced.values), copy_of(reduced.saturated)};
    }
    for (std::size_t i = 0; i < recipe.pictures.size(); ++i) {
      out.made.positions.push_back(copy_of(plan.picture(i, batch.place)));
      out.made.files.push_back(
          encoded_picture(recipe, recipe.pictures[i], out.made.positions.back()));
    }
    return out;
  }

  VerifyTarget target_;
  Decoy decoy_;
  Payload beside_;
};

}  // namespace

std::unique_ptr<VerifySubject> make_subject(const VerifyTarget& target) {
  return std::make_unique<BackendSubject>(target);
}

}  // namespace quickbeam
