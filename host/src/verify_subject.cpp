// SPDX-License-Identifier: BSD-3-Clause
// Backends as `verify` sees them.
#include "host/src/verify_subject.hpp"

#include <cstring>

#include <quickbeam/plan.hpp>

#include "host/src/backends.hpp"
#include "kernels/row_decoder.hpp"

namespace quickbeam {
namespace {

Image copy_of(const Image& image) {
  Image copy(image.type(), image.extent());
  const std::size_t bytes =
      static_cast<std::size_t>(image.extent().pixels()) * size_of(image.type());
  if (bytes != 0) std::memcpy(copy.view().data, image.const_view().data, bytes);
  return copy;
}

class BackendSubject final : public VerifySubject {
 public:
  explicit BackendSubject(const VerifyTarget& target) : target_(target) {}

  /// Whole frames of stored pixels are made on the CPU only (`quickbeam convert`).
  bool decode(const Payload& stream, Image& out, std::optional<std::uint64_t>& wrapped) override {
    if (target_.backend != &cpu_backend()) return false;
    out.reshape(stream.type, {stream.extent.width, stream.extent.height * stream.depth});
    const auto bytes = static_cast<std::size_t>(out.extent().pixels()) * size_of(out.type());
    wrapped = kernels::decode_all(stream, {out.view().data, bytes});
    return true;
  }

  ReduceReport reduce(const ReducePlan& plan, const Payload& frame, ReducedImage& out) override {
    ReducePlan here = plan;
    here.device = target_.device;
    return target_.backend->make_reducer(here)->run({&frame, 1}, {}, out);
  }

  VerifyPicture picture(const Recipe& recipe, const FrameInfo& info, const ReducePlan& reduce,
                        const Payload& frame) override {
    Plan plan(recipe, FrameLayout::of(frame, info),
              {.backend = target_.backend, .device = target_.device, .notice = {}},
              reduce.user_mask);
    plan.reduce({&frame, 1});
    VerifyPicture out;
    out.levels = plan.levels();
    plan.render(out.levels);
    out.reduced = {copy_of(plan.reduced().values), copy_of(plan.reduced().saturated)};
    for (std::size_t i = 0; i < recipe.pictures.size(); ++i) {
      out.positions.push_back(copy_of(plan.picture(i)));
      out.files.push_back(encoded_picture(recipe, recipe.pictures[i], out.positions.back()));
    }
    return out;
  }

 private:
  VerifyTarget target_;
};

}  // namespace

std::unique_ptr<VerifySubject> make_subject(const VerifyTarget& target) {
  return std::make_unique<BackendSubject>(target);
}

}  // namespace quickbeam
