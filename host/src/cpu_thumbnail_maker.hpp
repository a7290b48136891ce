// SPDX-License-Identifier: BSD-3-Clause
// The maker of thumbnails on the CPU.
#pragma once

#include <memory>

#include <quickbeam/thumbnail_maker.hpp>

#include "kernels/resample.hpp"

namespace quickbeam {

constexpr kernels::ThumbnailFilter kernel_filter(ShrinkFilter filter) {
  return filter == ShrinkFilter::exact ? kernels::ThumbnailFilter::exact
                                       : kernels::ThumbnailFilter::pil;
}

std::unique_ptr<ThumbnailMaker> make_cpu_thumbnail_maker(const ThumbnailSpec& spec);

}  // namespace quickbeam
