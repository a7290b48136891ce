// SPDX-License-Identifier: BSD-3-Clause
// The reference's way from a frame to a picture file: clip, reduce, blur, levels, resize, tone and
// encode, each from its definition.
#pragma once

#include <cstddef>
#include <vector>

#include <quickbeam/core/image.hpp>
#include <quickbeam/levels.hpp>
#include <quickbeam/recipe.hpp>

#include "host/src/verify_reference.hpp"

namespace quickbeam {

/// What a recipe makes of one frame, step by step.
struct VerifyPicture {
  ReducedImage reduced{};  ///< after the blur, if there is one
  LevelRange levels{};
  ReducedNumbers numbers{};                     ///< for reports, of `reduced`
  std::vector<Image> positions{};               ///< u8 palette positions, one image a picture
  std::vector<std::vector<std::byte>> files{};  ///< encoded
};

/// From the frame the reference has taken; clips it when the recipe does.
VerifyPicture reference_picture(const Recipe& recipe, Extent frame, Reference& reference);

/// The bytes of the file of a picture.
std::vector<std::byte> encoded_picture(const Recipe& recipe, const Picture& picture,
                                       const Image& positions);

}  // namespace quickbeam
