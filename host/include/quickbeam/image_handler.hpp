// SPDX-License-Identifier: BSD-3-Clause
// Images read and written by their location, "3@proj.stk", as a program of this field does it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image_view.hpp>
#include <quickbeam/core/pixel_type.hpp>
#include <quickbeam/files.hpp>

namespace quickbeam {

/// What ImageHandler::describe says of an image, a stack or a set.
struct ImageDescription {
  std::string format;                              ///< "MRC", "Spider", "RELION 3.1 STAR", ...
  Extent extent{};                                 ///< of each image; empty: a set does not say
  std::optional<PixelType> type{};                 ///< of the decoded image; absent for a set
  std::int64_t frames = 0;                         ///< images in the file, particles in the set
  std::int64_t volume_depth = 1;                   ///< sections of each volume; 1 = images
  std::optional<double> sampling_rate_angstrom{};  ///< the pixel size
  PixelSummary claimed{};                          ///< by the header; often wrong
  std::optional<MeasuredPixels> measured{};        ///< of the pixels, when asked for
  std::vector<std::pair<std::string, std::string>> attributes;  ///< what else there is, as text
};

enum class Statistics : std::uint8_t {
  claimed,  ///< what the header says: no pixel is read
  measured  ///< all pixels are read too
};

/// A location is a file, or "N@FILE" for its N-th image, from 1; FILE may be a set.
///
/// Reading image after image of one stack opens it once: the file read last stays open until
/// another is read, it changes on disk, or it is written by this handler. Not thread-safe; one a
/// thread. All methods throw Error.
class ImageHandler {
 public:
  explicit ImageHandler(const ImageSetOptions& options = {});
  ~ImageHandler();
  ImageHandler(ImageHandler&&) noexcept;
  ImageHandler& operator=(ImageHandler&&) noexcept;

  /// The image in the type it has in its file, with what its file says of it.
  LoadedImage read(std::string_view location);

  /// Writes an image: see save_image. "5@out.stk" replaces image 5 or, when there are 4, appends;
  /// "1@out.stk" makes the file when there is none; "out.mrc" is a file of one image. The sampling
  /// rate is written to new stacks. Returns notices.
  std::vector<std::string> write(ConstAnyView image, std::string_view location,
                                 std::optional<double> sampling_rate_angstrom = {});
  std::vector<std::string> write(const LoadedImage& image, std::string_view location);

  ImageDescription describe(std::string_view location, Statistics statistics = Statistics::claimed);

  /// As convert_file; pictures are made by picture_recipe.
  std::vector<std::string> convert(std::string_view source, const std::string& target);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quickbeam
