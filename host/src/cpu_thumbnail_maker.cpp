// SPDX-License-Identifier: BSD-3-Clause
// Thumbnails on the CPU, and what is small already.
#include "host/src/cpu_thumbnail_maker.hpp"

#include <algorithm>

namespace quickbeam {
namespace {

class CpuThumbnailMaker final : public ThumbnailMaker {
 public:
  explicit CpuThumbnailMaker(const ThumbnailSpec& spec)
      : from_(spec.from),
        to_(spec.to),
        thumbnailer_(spec.from, spec.to, kernel_filter(spec.filter)) {}

  std::string run(const ThumbnailBatch& batch) override {
    const auto in = static_cast<std::size_t>(from_.pixels());
    const auto out = static_cast<std::size_t>(to_.pixels());
    for (std::size_t i = 0; i < batch.had_nan.size(); ++i)
      batch.had_nan[i] =
          thumbnailer_.run({batch.in.data() + i * in, from_}, {batch.out.data() + i * out, to_});
    return {};
  }

 private:
  Extent from_, to_;
  kernels::Thumbnailer thumbnailer_;
};

/// Nothing is enlarged: what is small already is copied, bit by bit.
class CopyMaker final : public ThumbnailMaker {
 public:
  std::string run(const ThumbnailBatch& batch) override {
    std::copy(batch.in.begin(), batch.in.end(), batch.out.begin());
    std::fill(batch.had_nan.begin(), batch.had_nan.end(), std::uint8_t{1});
    return {};
  }
};

}  // namespace

std::unique_ptr<ThumbnailMaker> make_cpu_thumbnail_maker(const ThumbnailSpec& spec) {
  if (spec.from == spec.to) return std::make_unique<CopyMaker>();
  return std::make_unique<CpuThumbnailMaker>(spec);
}

}  // namespace quickbeam
