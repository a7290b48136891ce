// SPDX-License-Identifier: BSD-3-Clause
// Sorts the images of a set by file and number, and cuts that order into runs.
#include "io/read_plan.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace quickbeam::io {

ReadPlan::ReadPlan(const ParticleSet& set, std::uint32_t max_images)
    : set_(set), max_images_(std::max<std::uint32_t>(max_images, 1)), order_(set.images.size()) {
  std::iota(order_.begin(), order_.end(), std::uint32_t{0});
  const auto less = [&](std::uint32_t a, std::uint32_t b) {
    const SetImage &x = set.images[a], &y = set.images[b];
    return std::tie(x.file, x.number, a) < std::tie(y.file, y.number, b);
  };
  // Most sets are sorted already, and to see that is cheaper than to sort them again.
  if (!std::is_sorted(order_.begin(), order_.end(), less))
    std::sort(order_.begin(), order_.end(), less);
}

std::optional<ImageRun> ReadPlan::next() {
  if (at_ == order_.size()) return std::nullopt;
  const std::size_t begin = at_;
  const SetImage& front = set_.images[order_[begin]];
  std::uint32_t last = front.number;
  for (; at_ < order_.size(); ++at_) {
    const SetImage& image = set_.images[order_[at_]];
    if (image.file != front.file || image.number - last > 1) break;
    if (image.number - front.number >= max_images_) break;
    // 0 is a whole file and no neighbour of image 1.
    if (front.number == 0 && image.number != 0) break;
    last = image.number;
  }
  return ImageRun{front.file, front.number, last - front.number + 1,
                  std::span(order_).subspan(begin, at_ - begin)};
}

}  // namespace quickbeam::io
