// SPDX-License-Identifier: BSD-3-Clause
// `verify` on small files: the engine equals the reference, and a doctored engine is caught in the
// very stage it was doctored in.
#include <quickbeam/verify.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include <quickbeam/files.hpp>
#include <quickbeam/thumbnail_maker.hpp>

#include "host/src/backends.hpp"
#include "host/src/leaf_adder.hpp"
#include "host/src/verify_file.hpp"
#include "io/npy.hpp"
#include "tests/host/plan_frames.hpp"
#include "tests/host/temporary_folder.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::extent;
using test::TemporaryFolder;

std::string write_cbf(const TemporaryFolder& folder, const std::string& name, std::uint32_t seed) {
  const auto pixels = test::some_frame<std::int32_t>(seed);
  const std::string path = folder / name;
  save_cbf(path, ConstAnyView(ImageView<const std::int32_t>(pixels.data(), extent)),
           {.count_cutoff = test::cutoff});
  return path;
}

template <class T>
std::string write_npy(const TemporaryFolder& folder, const std::string& name, std::int64_t depth) {
  Buffer<std::byte> memory;
  const std::string path = folder / name;
  std::ofstream out(path, std::ios::binary);
  const auto put = [&](const void* data, std::size_t bytes) {
    out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  };
  const auto header = io::npy_header(pixel_type_of<T>(), extent, depth, memory);
  put(header.data(), header.size());
  for (std::int64_t k = 0; k < std::max<std::int64_t>(1, depth); ++k) {
    const auto pixels = test::some_frame<T>(static_cast<std::uint32_t>(40 + k));
    put(pixels.data(), pixels.size() * sizeof(T));
  }
  return path;
}

Recipe small_recipe(const std::string& name = "standard") {
  Recipe recipe = preset(name);
  if (recipe.reduce.factor == 0) recipe.reduce.factor = 4;
  for (Picture& picture : recipe.pictures)
    if (picture.size > 0) picture.size = picture.size / 64;  // so that small frames are resized
  return recipe;
}

VerifyReport verified(std::vector<std::string> inputs, const Recipe& recipe = small_recipe()) {
  return verify({.recipe = recipe,
                 .inputs = std::move(inputs),
                 .targets = verify_targets("cpu"),
                 .threads = 2});
}

void expect_equal(const VerifyReport& report) {
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.failures.empty());
  for (const VerifyRow& row : report.rows) {
    EXPECT_EQ(row.cells[0].differences, 0u) << row.stage;
    if (row.cells[0].first)
      ADD_FAILURE() << row.stage << ": expected " << row.cells[0].first->expected << ", found "
                    << row.cells[0].first->found;
    const bool of_stacks =  // none are verified here
        row.stage.starts_with("statistics") || row.stage == "thumbnails";
    EXPECT_EQ(row.cells[0].values == 0, row.stage == "errors" || of_stacks) << row.stage;
  }
}

class VerifyPresets : public ::testing::TestWithParam<std::string_view> {};

TEST_P(VerifyPresets, TheCpuEqualsTheReference) {
  const TemporaryFolder folder;
  const VerifyReport report =
      verified({write_cbf(folder, "a.cbf", 1), write_cbf(folder, "b.cbf", 2)},
               small_recipe(std::string(GetParam())));
  expect_equal(report);
  EXPECT_EQ(report.files, 2);
  EXPECT_EQ(report.frames, 2);
}

INSTANTIATE_TEST_SUITE_P(, VerifyPresets, ::testing::ValuesIn(preset_names()),
                         [](const auto& tested) {
                           std::string name(tested.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Verify, OptionsOfTheRecipeToo) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf(folder, "a.cbf", 3);
  for (const auto& [option, value] :
       std::vector<std::pair<const char*, const char*>>{{"reduce", "mean"},
                                                        {"reduce", "none"},
                                                        {"levels", "sigma:2"},
                                                        {"levels", "pct:1,99"},
                                                        {"levels", "range:0,9"},
                                                        {"tone", "equalize"},
                                                        {"tone", "gamma:0.5"},
                                                        {"edge", "partial"},
                                                        {"saturation", "none"},
                                                        {"saturation", "5"},
                                                        {"format", "jpeg"}}) {
    SCOPED_TRACE(std::string(option) + " " + value);
    Recipe recipe = small_recipe();
    set_option(recipe, option, value);
    expect_equal(verified({frame}, recipe));
  }
}

TEST(Verify, EveryTypeAndSeveralImages) {
  const TemporaryFolder folder;
  const VerifyReport report = verified(
      {write_npy<float>(folder, "f.npy", 0), write_npy<double>(folder, "d.npy", 0),
       write_npy<std::uint16_t>(folder, "u.npy", 3), write_npy<std::int64_t>(folder, "l.npy", 2)});
  expect_equal(report);
  EXPECT_EQ(report.files, 4);
  EXPECT_EQ(report.frames, 7);
}

TEST(Verify, TheMaskIsTheSameForAll) {
  const TemporaryFolder folder;
  const std::string frame = write_cbf(folder, "a.cbf", 4), mask = write_cbf(folder, "m.cbf", 5);
  VerifyJob job{
      .recipe = small_recipe(), .inputs = {frame}, .mask = mask, .targets = verify_targets("cpu")};
  expect_equal(verify(job));
  test::write_text(folder / "small.cbf", oracle::good_cbf().bytes());
  job.mask = folder / "small.cbf";
  const VerifyReport report = verify(job);
  EXPECT_FALSE(report.equal()) << "nothing was compared";
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].error.field, "--mask");
}

TEST(Verify, FramesThatCannotBeDecodedFailAlike) {
  const TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';  // an escape that never ends
  test::write_text(folder / "bad.cbf", parts.bytes());
  test::write_text(folder / "none.cbf", "nothing");
  const VerifyReport report =
      verified({folder / "bad.cbf", folder / "none.cbf", write_cbf(folder, "a.cbf", 6)});
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.frames, 1);
  ASSERT_EQ(report.failures.size(), 2u);
  EXPECT_TRUE(report.failures[0].decoded);
  EXPECT_EQ(report.failures[0].error.code, ErrorCode::bad_stream);
  EXPECT_EQ(report.failures[0].error.path, folder / "bad.cbf");
  EXPECT_FALSE(report.failures[1].decoded);
  EXPECT_EQ(report.rows.back().stage, "errors");
  EXPECT_EQ(report.rows.back().cells[0].values, 1u);
}

TEST(Verify, NothingComparedIsNeverEqual) {
  const TemporaryFolder folder;
  EXPECT_FALSE(VerifyReport{}.equal());
  EXPECT_FALSE(verified({}).equal());
  const std::string frame = write_cbf(folder, "a.cbf", 7);
  const VerifyReport none = verify(
      {.recipe = small_recipe(),
       .inputs = {frame},
       .targets = {{.name = "cuda", .backend = nullptr, .device = 0, .not_run = "no device"}}});
  EXPECT_FALSE(none.equal());
  EXPECT_EQ(none.values(0), 0u);
  const VerifyReport beside =
      verify({.recipe = small_recipe(),
              .inputs = {frame},
              .targets = {{.name = "cpu", .backend = &cpu_backend()},
                          {.name = "cuda", .backend = &cpu_backend(), .not_run = "no device"}}});
  EXPECT_TRUE(beside.equal());
  EXPECT_GT(beside.values(0), 0u);
  EXPECT_EQ(beside.values(1), 0u);
}

TEST(Verify, TargetsAreTheCpuAndWhatIsBesideIt) {
  ASSERT_EQ(verify_targets("cpu").size(), 1u);
  EXPECT_EQ(verify_targets("cpu")[0].name, "cpu");
  const auto all = verify_targets("auto");
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[0].name, "cpu");
  EXPECT_EQ(all[1].name, "cuda");
  const bool usable = all[1].backend && all[1].backend->unavailable_because(0).empty();
  EXPECT_EQ(all[1].not_run.empty(), usable);
  EXPECT_THROW(verify_targets("gpu"), Error);
  Recipe sum = small_recipe();
  sum.sum_frames = 2;
  EXPECT_THROW(verified({}, sum), Error);
}

/// The CPU, but for one thing done to one stage of its work.
struct Doctoring {
  std::function<void(Image&)> stored{};
  std::function<void(const ReduceSpec&, ReducedImage&, ReduceOutcome&)> reduced{};
  std::function<void(VerifyPicture&)> picture{};
};

class DoctoredSubject final : public VerifySubject {
 public:
  explicit DoctoredSubject(Doctoring doctoring) : doctoring_(std::move(doctoring)) {}
  bool decode(const Payload& stream, Image& out, std::optional<std::uint64_t>& wrapped) override {
    const bool done = engine_->decode(stream, out, wrapped);
    if (doctoring_.stored) doctoring_.stored(out);
    return done;
  }
  std::string_view backend() const override { return "cpu"; }
  ReduceOutcome reduce(const ReducePlan& plan, const Payload& frame, ReducedImage& out) override {
    ReduceOutcome report = engine_->reduce(plan, frame, out);
    if (doctoring_.reduced) doctoring_.reduced(plan.spec, out, report);
    return report;
  }
  SubjectPicture picture(const Recipe& recipe, const FrameInfo& info, const ReducePlan& plan,
                         const Payload& frame) override {
    SubjectPicture picture = engine_->picture(recipe, info, plan, frame);
    if (doctoring_.picture) doctoring_.picture(picture.made);
    return picture;
  }

 private:
  std::unique_ptr<VerifySubject> engine_ = make_subject(verify_targets("cpu")[0]);
  Doctoring doctoring_;
};

VerifyReport with_doctored(const std::string& path, Doctoring doctoring) {
  const Recipe recipe = small_recipe();
  std::vector<std::unique_ptr<VerifySubject>> subjects;
  subjects.push_back(std::make_unique<DoctoredSubject>(std::move(doctoring)));
  return FileVerifier(recipe, {}, nullptr, std::move(subjects)).run(path);
}

/// Names of the stages with differences.
std::vector<std::string_view> differing(const VerifyReport& report) {
  std::vector<std::string_view> stages;
  for (const VerifyRow& row : report.rows)
    if (row.cells[0].differences > 0) stages.push_back(row.stage);
  return stages;
}
using Stages = std::vector<std::string_view>;

TEST(DoctoredEngine, TheUndoctoredOneIsEqual) {
  const TemporaryFolder folder;
  EXPECT_EQ(differing(with_doctored(write_cbf(folder, "a.cbf", 8), {})), Stages{});
}

TEST(DoctoredEngine, OneStoredPixel) {
  const TemporaryFolder folder;
  const VerifyReport report =
      with_doctored(write_cbf(folder, "a.cbf", 8),
                    {.stored = [](Image& image) { image.as<std::int32_t>()(52, 40) += 1; }});
  EXPECT_EQ(differing(report), Stages{"stored pixels"});
  EXPECT_EQ(report.rows[0].cells[0].differences, 1u);
  EXPECT_EQ(report.rows[0].cells[0].first->x, 52);
  EXPECT_EQ(report.rows[0].cells[0].first->y, 40);
}

TEST(DoctoredEngine, OneValueOrFlagOfEachReduction) {
  const TemporaryFolder folder;
  const std::string path = write_cbf(folder, "a.cbf", 9);
  const auto stages = verify_stages();
  const std::vector<std::pair<std::string_view, std::function<bool(const ReduceSpec&)>>> specs = {
      {stages[1], [](const ReduceSpec& s) { return s.op == ReduceOp::max && s.factor == 1; }},
      {stages[2], [](const ReduceSpec& s) { return s.op == ReduceOp::max && s.factor == 4; }},
      {stages[3], [](const ReduceSpec& s) { return s.op == ReduceOp::min; }},
      {stages[4],
       [](const ReduceSpec& s) { return s.op == ReduceOp::sum && s.sum_scale == SumScale::none; }},
      {stages[5],
       [](const ReduceSpec& s) {
         return s.op == ReduceOp::sum && s.sum_scale == SumScale::valid_fraction;
       }},
      {stages[6], [](const ReduceSpec& s) { return s.op == ReduceOp::mean; }},
      {stages[7], [](const ReduceSpec& s) { return s.op == ReduceOp::dilate && s.factor == 4; }},
      {stages[8], [](const ReduceSpec& s) { return s.op == ReduceOp::dilate && s.factor == 1; }}};
  for (const auto& [stage, chosen] : specs) {
    SCOPED_TRACE(stage);
    const VerifyReport value = with_doctored(
        path, {.reduced = [&](const ReduceSpec& spec, ReducedImage& image, ReduceOutcome&) {
          if (chosen(spec))
            visit(image.values.view(), [](auto view) {
              view.data[17] += 1;
              if (view.data[17] != view.data[17]) view.data[17] = 0;
            });
        }});
    EXPECT_EQ(differing(value), Stages{stage});
    EXPECT_EQ(value.differences(0), 1u);
    const VerifyReport flag = with_doctored(
        path, {.reduced = [&](const ReduceSpec& spec, ReducedImage& image, ReduceOutcome&) {
          if (chosen(spec)) image.saturated.as<std::uint8_t>().data[5] ^= 1;
        }});
    EXPECT_EQ(differing(flag), Stages{stage});
  }
}

TEST(DoctoredEngine, ANoticeThatIsNotDue) {
  const TemporaryFolder folder;
  const VerifyReport report = with_doctored(
      write_cbf(folder, "a.cbf", 9), {.reduced = [](const ReduceSpec&, ReducedImage&,
                                                    ReduceOutcome& r) { r.wrapped_pixel = 12; }});
  EXPECT_EQ(differing(report), Stages{"decoded, masked"});
}

TEST(DoctoredEngine, EachStepOfTheRecipe) {
  const TemporaryFolder folder;
  const std::string path = write_cbf(folder, "a.cbf", 10);
  EXPECT_EQ(
      differing(with_doctored(
          path,
          {.picture = [](VerifyPicture& p) { p.reduced.values.as<std::int32_t>().data[3] += 1; }})),
      Stages{"recipe: counts"});
  EXPECT_EQ(differing(with_doctored(
                path, {.picture = [](VerifyPicture& p) { p.levels.high *= 1 + 1e-15; }})),
            Stages{"recipe: levels"});
  EXPECT_EQ(
      differing(with_doctored(
          path,
          {.picture = [](VerifyPicture& p) { p.positions[0].as<std::uint8_t>().data[9] ^= 1; }})),
      Stages{"recipe: greys"});
  EXPECT_EQ(differing(with_doctored(
                path, {.picture = [](VerifyPicture& p) { p.files[0].back() ^= std::byte{1}; }})),
            Stages{"recipe: picture bytes"});
}

TEST(DoctoredEngine, NumbersForReports) {
  const TemporaryFolder folder;
  const std::string path = write_cbf(folder, "a.cbf", 10);
  for (const auto& change : std::vector<std::function<void(ReducedNumbers&)>>{
           [](ReducedNumbers& n) { ++n.valid; }, [](ReducedNumbers& n) { ++n.masked; },
           [](ReducedNumbers& n) { ++n.saturated; }, [](ReducedNumbers& n) { n.highest += 1; }})
    EXPECT_EQ(
        differing(with_doctored(path, {.picture = [&](VerifyPicture& p) { change(p.numbers); }})),
        Stages{"recipe: counts"});
}

TEST(DoctoredEngine, FailingWhereTheReferenceDoesNot) {
  const TemporaryFolder folder;
  const auto fail_at = [](ReduceOp op) {
    return [op](const ReduceSpec& spec, ReducedImage&, ReduceOutcome&) {
      if (spec.op == op) fail({.code = ErrorCode::device, .field = "kernel", .found = "a fault"});
    };
  };
  const VerifyReport report =
      with_doctored(write_cbf(folder, "a.cbf", 11), {.reduced = fail_at(ReduceOp::min)});
  EXPECT_EQ(differing(report), Stages{"minimum"});
  const VerifyCell& cell = report.rows[3].cells[0];
  EXPECT_EQ(cell.differences, cell.values);
  EXPECT_NE(cell.first->found.find("a fault"), std::string::npos);
}

TEST(DoctoredEngine, FailingOtherwiseThanTheReference) {
  const TemporaryFolder folder;
  auto parts = oracle::good_cbf();
  parts.section().data.back() = '\x80';
  test::write_text(folder / "bad.cbf", parts.bytes());
  const std::string path = folder / "bad.cbf";
  EXPECT_EQ(differing(with_doctored(path, {})), Stages{});
  class Other final : public VerifySubject {
   public:
    explicit Other(bool throws) : throws_(throws) {}
    bool decode(const Payload&, Image&, std::optional<std::uint64_t>&) override { return false; }
    std::string_view backend() const override { return "cpu"; }
    ReduceOutcome reduce(const ReducePlan&, const Payload&, ReducedImage&) override {
      if (throws_) fail({.code = ErrorCode::bad_stream, .field = "data", .found = "other words"});
      return {};
    }
    SubjectPicture picture(const Recipe&, const FrameInfo&, const ReducePlan&,
                           const Payload&) override {
      return {};
    }

   private:
    bool throws_;
  };
  const Recipe recipe = small_recipe();
  for (const bool throws : {false, true}) {
    std::vector<std::unique_ptr<VerifySubject>> subjects;
    subjects.push_back(std::make_unique<Other>(throws));
    const VerifyReport report = FileVerifier(recipe, {}, nullptr, std::move(subjects)).run(path);
    EXPECT_EQ(differing(report), Stages{"errors"}) << throws;
  }
}

/// The CPU under another name, with something done to what its reducers give.
class DoctoredBackend final : public Backend {
 public:
  using Doctor = std::function<void(const ReducePlan&, std::size_t place, ReduceTask&)>;
  explicit DoctoredBackend(Doctor doctor, std::size_t at_once = 1)
      : doctor_(std::move(doctor)), at_once_(at_once) {}
  std::string_view name() const override { return "doctored"; }
  std::string unavailable_because(int) const override { return {}; }
  std::vector<std::string> devices() const override { return {}; }
  std::size_t frames_at_once() const override { return at_once_; }
  std::unique_ptr<ThumbnailMaker> make_thumbnail_maker(const ThumbnailSpec& spec) const override {
    return cpu_backend().make_thumbnail_maker(spec);
  }
  std::unique_ptr<LeafAdder> make_leaf_adder(const LeafSource& source) const override {
    return cpu_backend().make_leaf_adder(source);
  }
  std::unique_ptr<Reducer> make_reducer(const ReducePlan& plan) const override {
    class Doctored final : public Reducer {
     public:
      Doctored(const ReducePlan& plan, const Doctor& doctor)
          : plan_(plan), doctor_(doctor), cpu_(cpu_backend().make_reducer(plan)) {}
      void run(std::span<ReduceTask> tasks) override {
        cpu_->run(tasks);
        for (std::size_t i = 0; i < tasks.size(); ++i) {
          tasks[i].outcome.backend = "doctored";
          doctor_(plan_, i, tasks[i]);
        }
      }
      void tone(std::span<const ToneTask>) override {}

     private:
      ReducePlan plan_;
      Doctor doctor_;
      std::unique_ptr<Reducer> cpu_;
    };
    return std::make_unique<Doctored>(plan, doctor_);
  }

 private:
  Doctor doctor_;
  std::size_t at_once_;
};

VerifyReport verified_on(const Backend& backend, std::vector<std::string> inputs) {
  return verify({.recipe = small_recipe(),
                 .inputs = std::move(inputs),
                 .targets = {{.name = "cpu", .backend = &cpu_backend()},
                             {.name = "doctored", .backend = &backend}}});
}

TEST(DoctoredEngine, ABackendBesideTheCpu) {
  const TemporaryFolder folder;
  const DoctoredBackend doctored([](const ReducePlan& plan, std::size_t, ReduceTask& task) {
    if (plan.spec.op == ReduceOp::mean) task.image->values.as<double>()(2, 1) += 1;
  });
  const VerifyReport report =
      verified_on(doctored, {write_cbf(folder, "a.cbf", 12), write_cbf(folder, "b.cbf", 13)});
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.differences(0), 0u);
  EXPECT_EQ(report.differences(1), 2u);
  const auto& first = report.rows[6].cells[1].first;
  ASSERT_TRUE(first);
  EXPECT_EQ(first->input, folder / "a.cbf");
  EXPECT_EQ(first->x, 2);
  EXPECT_EQ(first->y, 1);
}

TEST(DoctoredEngine, ABackendThatMixesUpTheFramesOfABatch) {
  const TemporaryFolder folder;
  const std::string path = write_cbf(folder, "a.cbf", 14);
  const DoctoredBackend right([](const ReducePlan&, std::size_t, ReduceTask&) {}, 8);
  EXPECT_TRUE(verified_on(right, {path}).equal());
  Image first;
  const DoctoredBackend wrong(
      [&](const ReducePlan& plan, std::size_t place, ReduceTask& task) {
        if (plan.spec.op != ReduceOp::sum || plan.spec.sum_scale != SumScale::none) return;
        if (place == 0) std::swap(first, task.image->values);
        if (place == 1) std::swap(first, task.image->values);
      },
      8);
  const VerifyReport report = verified_on(wrong, {path});
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.differences(0), 0u);
  EXPECT_GT(report.rows[4].cells[1].differences, 0u);
}

TEST(DoctoredEngine, WorkDoneByAnotherBackendIsNoPass) {
  const TemporaryFolder folder;
  const std::string path = write_cbf(folder, "a.cbf", 15);
  const DoctoredBackend fallen([](const ReducePlan& plan, std::size_t, ReduceTask& task) {
    if (plan.spec.op != ReduceOp::min) return;
    task.outcome.backend = "cpu";
    task.outcome.notice = "the device stopped working";
  });
  const VerifyReport report = verified_on(fallen, {path});
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.differences(1), 0u);
  EXPECT_EQ(report.elsewhere(0), 0u);
  EXPECT_EQ(report.elsewhere(1), 1u);
  EXPECT_EQ(report.rows[3].cells[1].values, 0u);
  EXPECT_NE(report.rows[3].cells[1].reason.find("stopped working"), std::string::npos);
}

}  // namespace
}  // namespace quickbeam
