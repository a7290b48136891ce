// SPDX-License-Identifier: BSD-3-Clause
// Particle sets on disk: the stack image by image, the sets that name them, all at the end.
#include <algorithm>
#include <optional>
#include <vector>

#include <quickbeam/core/buffer.hpp>
#include <quickbeam/pipeline.hpp>
#include <quickbeam/simulate_particles.hpp>

#include "host/src/name_in_set.hpp"
#include "io/image_name.hpp"
#include "io/stack_writer.hpp"
#include "io/star_writer.hpp"

namespace quickbeam {
namespace {

io::StoredAs stored_as(ParticleType type) {
  constexpr io::StoredAs stored[] = {io::StoredAs::float32, io::StoredAs::half,
                                     io::StoredAs::int16,   io::StoredAs::uint16,
                                     io::StoredAs::int8,    io::StoredAs::uint8};
  return stored[static_cast<std::size_t>(type)];
}

/// The set in RELION's way: shifts are what brings a particle back to the centre.
class StarRows {
 public:
  StarRows(const std::string& path, const ParticleExperiment& e) : out_(path) {
    out_.comment("version 30001");
    const std::string_view optics[] = {
        "_rlnOpticsGroupName",   "_rlnOpticsGroup",    "_rlnVoltage",   "_rlnSphericalAberration",
        "_rlnAmplitudeContrast", "_rlnImagePixelSize", "_rlnImageSize", "_rlnImageDimensionality"};
    out_.table("optics", optics);
    out_.value("simulated");
    out_.value(std::int64_t{1});
    for (const double fact : {300.0, 2.7, 0.1, e.pixel_size_angstrom}) out_.value(fact);
    out_.value(e.box_px);
    out_.value(std::int64_t{2});
    out_.end_row();
    const std::string_view particles[] = {"_rlnImageName",   "_rlnOpticsGroup", "_rlnAngleRot",
                                          "_rlnAngleTilt",   "_rlnAnglePsi",    "_rlnOriginXAngst",
                                          "_rlnOriginYAngst"};
    out_.table("particles", particles);
  }

  void add(const std::string& name, const ParticlePose& pose) {
    out_.value(name);
    out_.value(std::int64_t{1});
    for (const double angle : {pose.rot_deg, pose.tilt_deg, pose.psi_deg}) out_.value(angle);
    out_.value(0 - pose.shift_x_angstrom);
    out_.value(0 - pose.shift_y_angstrom);
    out_.end_row();
  }
  void commit() { out_.commit(); }

 private:
  io::StarWriter out_;
};

/// The same in Xmipp's: shifts in pixels.
class XmippRows {
 public:
  XmippRows(const std::string& path, const ParticleExperiment& e)
      : out_(path, io::StarStyle::xmipp), pixel_size_(e.pixel_size_angstrom) {
    out_.comment("XMIPP_STAR_1 * ");
    const std::string_view labels[] = {"_image",     "_enabled",  "_samplingRate", "_angleRot",
                                       "_angleTilt", "_anglePsi", "_shiftX",       "_shiftY"};
    out_.table("noname", labels);
  }

  void add(const std::string& name, const ParticlePose& pose) {
    out_.value(name);
    out_.value(std::int64_t{1});
    for (const double value :
         {pixel_size_, pose.rot_deg, pose.tilt_deg, pose.psi_deg,
          0 - pose.shift_x_angstrom / pixel_size_, 0 - pose.shift_y_angstrom / pixel_size_})
      out_.value(value);
    out_.end_row();
  }
  void commit() { out_.commit(); }

 private:
  io::StarWriter out_;
  double pixel_size_;
};

/// Consecutive images that one thread draws: enough of them that handing over costs nothing.
std::int64_t batch_of(const ParticleExperiment& e) {
  constexpr std::int64_t pixels = std::int64_t{1} << 18;
  return std::clamp<std::int64_t>(pixels / (e.box_px * e.box_px), 1, 256);
}

class SetWriter {
 public:
  SetWriter(const ParticleSimulator& simulator, const ParticleFiles& files)
      : simulator_(simulator),
        name_(name_in_set(files.stack, files.star.empty() ? files.xmd : files.star, {})),
        stack_(files.stack, {.format = io::stack_format_named(files.stack),
                             .extent = simulator.extent(),
                             .contents = io::StackContents::images,
                             .stored = stored_as(files.type),
                             .pixel_size_angstrom = simulator.experiment().pixel_size_angstrom,
                             .expected = simulator.experiment().count}) {
    if (!files.star.empty()) star_.emplace(files.star, simulator.experiment());
    if (!files.xmd.empty()) xmd_.emplace(files.xmd, simulator.experiment());
  }

  void add(const float* pixels) {
    const std::int64_t index = stack_.count();
    stack_.append(ConstAnyView(ImageView<const float>(pixels, simulator_.extent())));
    const std::string name = io::image_name(static_cast<std::uint64_t>(index) + 1, name_);
    const ParticlePose pose = simulator_.pose(index);
    if (star_) star_->add(name, pose);
    if (xmd_) xmd_->add(name, pose);
  }

  ParticleReport finish() {
    const io::StackReport report = stack_.finish();
    if (star_) star_->commit();
    if (xmd_) xmd_->commit();
    return {.written = report.count, .clipped = report.clipped};
  }

 private:
  const ParticleSimulator& simulator_;
  std::string name_;
  io::StackWriter stack_;
  std::optional<StarRows> star_;
  std::optional<XmippRows> xmd_;
};

}  // namespace

ParticleReport write_particles(const ParticleExperiment& experiment, const ParticleFiles& files,
                               unsigned threads, const std::atomic<bool>& stop,
                               const std::function<void()>& each) {
  const ParticleSimulator simulator(experiment);
  SetWriter out(simulator, files);
  const std::int64_t batch = batch_of(experiment), pixels = simulator.extent().pixels();
  std::int64_t written = 0;
  using Images = Buffer<float>;
  Pipeline<Images> pipeline(static_cast<std::size_t>((experiment.count + batch - 1) / batch),
                            threads, stop);
  pipeline.run(
      [&] {
        return [&](std::size_t item) {
          const std::int64_t first = static_cast<std::int64_t>(item) * batch;
          const std::int64_t count = std::min(batch, experiment.count - first);
          Images images(static_cast<std::size_t>(count * pixels));
          for (std::int64_t k = 0; k < count; ++k)
            simulator.render(first + k, {images.data() + k * pixels, simulator.extent()});
          return images;
        };
      },
      [&](std::size_t, const Images& images) {
        for (const float* at = images.data(); at != images.data() + images.size(); at += pixels) {
          out.add(at);
          ++written;
          if (each) each();
        }
      });
  if (written < experiment.count) return {.written = 0, .clipped = 0, .stopped = true};
  return out.finish();
}

}  // namespace quickbeam
