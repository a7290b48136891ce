// SPDX-License-Identifier: BSD-3-Clause
// Simulated detector frames: a rotating protein crystal in front of a tiled photon counter.
//
// Coordinates. The beam travels along +z, x is the fast and y the slow axis of the detector, the
// spindle is +x. Positions on the detector are in pixels from the outer corner of pixel (0, 0), so
// pixel (i, j) has its centre at (i + 0.5, j + 0.5).
//
// Reproducibility. Random numbers are hashes of (seed, frame, pixel or reflection), never a
// sequence, so neither threads nor the order of the frames matter. Only + - * / and sqrt are used
// on floating-point numbers, which IEEE 754 rounds in one way: the same scan gives the same bytes
// with every compiler and standard library, as long as products and sums are not contracted
// (-ffp-contract=off, which this project sets) and fast-math is off.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/frame_info.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam {

/// A crystal's unit cell: edges in angstrom, angles in degrees.
struct UnitCell {
  double a = 58.0, b = 58.0, c = 150.0;  ///< as thaumatin
  double alpha = 90.0, beta = 90.0, gamma = 90.0;
};

/// A detector made of equal modules with insensitive gaps between them, all in pixels.
struct ModuleGrid {
  std::int64_t modules_x = 5, modules_y = 12;
  Extent module{487, 195};
  std::int64_t gap_x = 7, gap_y = 17;  ///< columns and rows between neighbours

  /// Size of the whole frame; 2463 x 2527 by default (PILATUS 6M).
  constexpr Extent extent() const {
    return {modules_x * module.width + (modules_x - 1) * gap_x,
            modules_y * module.height + (modules_y - 1) * gap_y};
  }
};

/// Everything that determines a series of frames. The defaults resemble a thaumatin crystal on a
/// PILATUS3 6M: 3 to 4 counts of background and about a thousand spots a frame.
struct CrystalScan {
  std::uint64_t seed = 1;  ///< crystal orientation, intensities, bad pixels and all noise
  std::int64_t frames = 1;

  ModuleGrid detector;
  double pixel_size_um = 172.0;
  double sensor_thickness_um = 450.0;  ///< thick sensors smear oblique spots radially
  double distance_mm = 351.0;
  double wavelength_angstrom = 0.96859;
  std::optional<double> beam_x_px;  ///< absent: the middle column
  std::optional<double> beam_y_px;  ///< absent: below the middle row by a quarter of a module

  double start_angle_deg = 0.0;
  double angle_increment_deg = 0.5;
  double exposure_s = 0.019, period_s = 0.020;  ///< header facts only; counts depend on `flux`

  UnitCell cell;
  double mosaicity_deg = 0.12;     ///< standard deviation of the rocking curve, 0.001 to 1
  double wilson_b_angstrom2 = 22;  ///< intensities fall off as exp(-2 B (sin(theta)/lambda)^2)
  double d_min_angstrom = 0.0;     ///< no reflections beyond; 0 = up to the detector's corner
  double spot_sigma_px = 1.0;      ///< Gaussian profile; the width at half height is 2.35 times it

  double flux = 1.0;              ///< multiplies every expected count
  double spot_counts = 1200.0;    ///< mean of a whole reflection at zero angle and Lorentz factor 1
  double air_per_degree = 17.0;   ///< counts a pixel near the beam, per degree of rotation
  double water_per_degree = 6.5;  ///< height of the broad ring of liquid water at 3.2 angstrom
  double ice_per_degree = 0.0;    ///< height of the strongest ring of hexagonal ice; 0 = no ice

  double beam_stop_radius_px = 24.0;
  double beam_stop_arm_px = 16.0;  ///< width of the holder, which leaves to the left; 0 = none

  double bad_pixel_fraction = 1e-4;  ///< of the active pixels, 0 to 0.1
  bool hot_pixel = true;             ///< one pixel reads `hot_pixel_counts` in every frame
  std::int32_t count_cutoff = 115897;
};

/// What the hot pixel of a real PILATUS3 6M reads: far above its count cutoff.
inline constexpr std::int32_t hot_pixel_counts = 1'046'527;
/// A PILATUS counter has 20 bits: no pixel reads more.
inline constexpr std::int32_t counter_limit = 1'048'575;

enum class Strength : std::uint8_t {
  weak,    ///< 0.1 degree a frame: 9 of 10 pixels read zero, as in fine-sliced collections
  normal,  ///< the defaults of CrystalScan
  strong,  ///< a long exposure with overloads
};

/// The default scan at a given strength (it sets flux and angle increment; change the rest freely).
CrystalScan make_scan(Strength strength);

/// Header facts of one frame. Throws Error (USAGE, LIMIT) as FrameSimulator does.
FrameInfo scan_info(const CrystalScan& scan, std::int64_t frame);

/// One reflection recorded, wholly or in part, on one frame.
struct Spot {
  std::array<std::int32_t, 3> hkl{};
  double x_px = 0, y_px = 0;  ///< centre; may lie in a gap or a little outside the detector
  double angle_deg = 0;       ///< spindle angle at which it crosses the Ewald sphere
  double fraction = 0;        ///< share of the reflection that falls on this frame, 0 to 1
  double counts = 0;          ///< expected counts on this frame
};

/// Renders the frames of a scan. All methods are const and may run in several threads at once.
/// Holds two bytes for every pixel.
class FrameSimulator {
 public:
  /// Throws Error: USAGE for a value out of range, LIMIT for more than 2^28 pixels or
  /// 2*10^7 reflections.
  explicit FrameSimulator(const CrystalScan& scan);
  ~FrameSimulator();
  FrameSimulator(FrameSimulator&&) noexcept;
  FrameSimulator& operator=(FrameSimulator&&) noexcept;

  const CrystalScan& scan() const;
  Extent extent() const;

  /// Draws frame `frame` (0-based): photon counts, -1 in gaps, -2 for bad pixels.
  /// Throws Error (USAGE) when the frame is not in the scan or `out` has another extent.
  void render(std::int64_t frame, ImageView<std::int32_t> out) const;

  /// The reflections that put photons on a frame, ordered by their indices.
  std::vector<Spot> spots(std::int64_t frame) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace quickbeam
