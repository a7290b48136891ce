// SPDX-License-Identifier: BSD-3-Clause
// A doctored engine is caught in the very stage it was doctored in.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include <quickbeam/verify.hpp>

#include "host/src/verify_file.hpp"
#include "tests/host/verify_frames.hpp"
#include "tests/oracle/cbf_builder.hpp"

namespace quickbeam {
namespace {

using test::small_recipe;
using test::TemporaryFolder;
using test::write_cbf;

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

}  // namespace
}  // namespace quickbeam
