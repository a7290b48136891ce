// SPDX-License-Identifier: BSD-3-Clause
// Every image gets the CPU's thumbnail, whatever becomes of the device.
#include "host/src/fallback_thumbnail_maker.hpp"

#include <utility>

#include <quickbeam/core/error.hpp>

#include "host/src/device_health.hpp"

namespace quickbeam {

FallbackThumbnailMaker::FallbackThumbnailMaker(std::string name, int number,
                                               std::unique_ptr<ThumbnailMaker> device,
                                               std::unique_ptr<ThumbnailMaker> cpu)
    : name_(std::move(name)), number_(number), device_(std::move(device)), cpu_(std::move(cpu)) {}

std::string FallbackThumbnailMaker::run(const ThumbnailBatch& batch) {
  std::string notice;
  if (dead_because(number_).empty()) {
    try {
      return device_->run(batch);
    } catch (const Error& error) {
      notice = take_over_from(number_, name_, "an image", error.info());
    }
  }
  return cpu_->run(batch) + notice;
}

}  // namespace quickbeam
