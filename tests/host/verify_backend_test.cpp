// SPDX-License-Identifier: BSD-3-Clause
// A backend beside the CPU that gives other values, or leaves its work to another, is no pass.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include <quickbeam/thumbnail_maker.hpp>
#include <quickbeam/verify.hpp>

#include "host/src/backends.hpp"
#include "host/src/leaf_adder.hpp"
#include "tests/host/verify_frames.hpp"

namespace quickbeam {
namespace {

using test::small_recipe;
using test::TemporaryFolder;
using test::write_cbf;

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
