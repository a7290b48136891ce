// SPDX-License-Identifier: BSD-3-Clause
// Simulated particle images: noisy projections of an icosahedral, virus-like phantom.
//
// The phantom is a sum of Gaussians on the axes of icosahedral symmetry (12 fivefold, 20 threefold,
// 30 twofold), with the rotations and the mirrors of an icosahedron, around a core. The projection
// of a Gaussian is a Gaussian, so an image is drawn without a volume. There is no CTF.
//
// Reproducibility is that of <quickbeam/simulate.hpp>: the same experiment gives the same images
// with every compiler and any number of threads, and image k does not hang on how many there are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <quickbeam/core/extent.hpp>
#include <quickbeam/core/image_view.hpp>

namespace quickbeam {

/// Everything that determines a set of particle images.
struct ParticleExperiment {
  std::uint64_t seed = 1;
  std::int64_t count = 10;
  std::int64_t box_px = 120;  ///< images are square
  double pixel_size_angstrom = 3.0;
  double diameter_angstrom = 0;  ///< of the capsid with its spikes; 0 = 0.8 of the box
  double shift_px = 3;           ///< particles lie up to this far from the centre on each axis
  /// Standard deviation of a noise-free image over the box, the mean of many views.
  double signal_sd = 1;
  double noise_sd = 1.4142135623730951;  ///< white and Gaussian; the default is an SNR of 0.5
  double offset = 0;                     ///< added to every pixel: images that nobody normalised
};

/// Where a particle lies. Angles are RELION's and Xmipp's (ZYZ, degrees, multiples of 0.0001):
/// A = Z(psi) Y(tilt) Z(rot) turns the phantom, z is projected along. Shifts are those of the
/// particle from the centre of the box, pixel (box/2, box/2); _rlnOriginXAngst is minus the shift.
struct ParticlePose {
  double rot_deg = 0, tilt_deg = 0, psi_deg = 0;
  double shift_x_angstrom = 0, shift_y_angstrom = 0;
};

/// Draws the images of an experiment. All methods are const and may run in several threads at once.
class ParticleSimulator {
 public:
  /// Throws Error USAGE for a value out of range.
  explicit ParticleSimulator(const ParticleExperiment& experiment);
  ~ParticleSimulator();
  ParticleSimulator(ParticleSimulator&&) noexcept;
  ParticleSimulator& operator=(ParticleSimulator&&) noexcept;

  const ParticleExperiment& experiment() const;
  Extent extent() const;

  /// Of image `index` (0-based): orientations are uniform on the sphere, shifts on the square.
  ParticlePose pose(std::int64_t index) const;
  /// The projection alone, without noise and offset. Throws Error USAGE when `out` has another
  /// extent.
  void project(const ParticlePose& pose, ImageView<double> out) const;
  /// Image `index`: projection, noise and offset. Throws as project, and for an index beyond the
  /// last.
  void render(std::int64_t index, ImageView<float> out) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

/// How values are stored: IEEE floats, or integers by rounding to nearest.
enum class ParticleType : std::uint8_t { float32, float16, int16, uint16, int8, uint8 };

/// The files of a set. Names in a set begin at the current folder, as in RELION, or at the folder
/// of the set where the stack is not below that.
struct ParticleFiles {
  std::string stack;  ///< .mrcs, .mrc, .st, .stk or .spi (Spider holds float32 only)
  std::string star;   ///< RELION 3.1: angles, origins, an optics group
  std::string xmd;    ///< Xmipp; empty = none
  ParticleType type = ParticleType::float32;
};

struct ParticleReport {
  std::int64_t written = 0;   ///< images
  std::uint64_t clipped = 0;  ///< pixels outside the range of an integer type, set to its end
  bool stopped = false;       ///< by `stop`; then there are no files
};

/// Writes the images of an experiment and the sets that name them, image by image: memory does not
/// grow with the images but by some 100 bytes each. `stop` ends the run early; `each` is called
/// once an image, by one thread at a time. threads 0 = 1. Throws Error USAGE, LIMIT, UNSUPPORTED,
/// IO.
ParticleReport write_particles(const ParticleExperiment& experiment, const ParticleFiles& files,
                               unsigned threads, const std::atomic<bool>& stop,
                               const std::function<void()>& each = {});

}  // namespace quickbeam
