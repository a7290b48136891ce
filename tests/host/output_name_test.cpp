// SPDX-License-Identifier: BSD-3-Clause
// Names of outputs.
#include <gtest/gtest.h>

#include <quickbeam/core/error.hpp>
#include <quickbeam/output_name.hpp>

namespace quickbeam {
namespace {

TEST(OutputName, StemLosesFolderAndSuffixes) {
  EXPECT_EQ(stem_of("a/run7_0042.cbf"), "run7_0042");
  EXPECT_EQ(stem_of("run7_0042.cbf.gz"), "run7_0042");
  EXPECT_EQ(stem_of("/x/run7.v2_0042.cbf.bz2"), "run7.v2_0042");
  EXPECT_EQ(stem_of("plain"), "plain");
  EXPECT_EQ(stem_of("a.b/plain"), "plain");
  EXPECT_EQ(stem_of(".hidden"), ".hidden");
  EXPECT_EQ(stem_of(".gz"), ".gz");
}

TEST(OutputName, AFolderTakesStemAndSuffix) {
  EXPECT_EQ(output_path({"out", "a/f_1.cbf", ".png", {}}), "out/f_1.png");
  EXPECT_EQ(output_path({"out/", "a/f_1.cbf", ".thumb.jpeg", {}}), "out/f_1.thumb.jpeg");
  EXPECT_EQ(output_path({"out", "a/f_1.cbf", ".png", 7}), "out/f_1_0007.png");
}

TEST(OutputName, ATemplateIsFilledIn) {
  EXPECT_EQ(output_path({"{dir}/t/{stem}", "a/b/f.cbf", ".png", {}}), "a/b/t/f.png");
  EXPECT_EQ(output_path({"{dir}/{stem}.x.jpeg", "f.cbf", ".png", {}}), "./f.x.jpeg");
  EXPECT_EQ(output_path({"{stem}-{index}.png", "f.cbf", ".png", 12}), "f-0012.png");
  EXPECT_EQ(output_path({"{{{stem}", "f.cbf", ".png", {}}), "{f.png");
  EXPECT_EQ(output_path({"one.png", "f.cbf", ".png", {}}), "one.png");
}

TEST(OutputName, FramesOfOneFileNeverShareAName) {
  EXPECT_EQ(output_path({"{stem}.png", "f.cbf", ".png", 1}), "f_0001.png");
  EXPECT_EQ(output_path({"one.png", "f.cbf", ".png", 1}), "one_0001.png");
}

TEST(OutputName, BadTemplatesAreUsageErrors) {
  for (const char* target : {"{stem", "{name}.png", "{}"}) {
    SCOPED_TRACE(target);
    EXPECT_THROW(output_path({target, "f.cbf", ".png", {}}), Error);
  }
}

}  // namespace
}  // namespace quickbeam
