// SPDX-License-Identifier: BSD-3-Clause
// A maker of thumbnails on a device that may fail, with the CPU behind it.
#pragma once

#include <memory>
#include <string>

#include <quickbeam/thumbnail_maker.hpp>

namespace quickbeam {

/// Runs on `device` until it fails, then on `cpu`, and says so once in a process. The device's run
/// throws Error when it fails: LIMIT = too little memory even for one image, anything else = it
/// cannot be used any more; nothing is in flight then.
class FallbackThumbnailMaker final : public ThumbnailMaker {
 public:
  /// `name`: of the device, for messages ("cuda:0"); `number`: of the device.
  FallbackThumbnailMaker(std::string name, int number, std::unique_ptr<ThumbnailMaker> device,
                         std::unique_ptr<ThumbnailMaker> cpu);

  std::size_t images_at_once() const override { return device_->images_at_once(); }
  std::string run(const ThumbnailBatch& batch) override;

 private:
  std::string name_;
  int number_;
  std::unique_ptr<ThumbnailMaker> device_;
  std::unique_ptr<ThumbnailMaker> cpu_;
};

}  // namespace quickbeam
