#include "engine/config/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

using namespace weft;
using namespace weft::config;
using ::testing::Contains;
using ::testing::ElementsAre;

namespace {

std::int64_t kvBytes(const RunConfig& run) {
  const sharing::SharingMap map = sharingMap(run.model).value();
  return sharing::cost(shapeOf(run.model), map, {.cacheType = sharing::ElementType::Float32}).value().kv.bytesPerToken;
}

}  // namespace

TEST(DemoRuns, CompareFourPatternsAndTheInt8CacheOnTheSameTokensWithPairedSeeds) {
  for (const bool quick : {false, true}) {
    for (const bool cuda : {false, true}) {
      for (const std::string tokenizer : {"byte", "/t/tokenizer.json"}) {
        const std::vector<RunConfig> runs = demoRuns(
            {.quick = quick, .files = {}, .validFiles = {}, .tokenizer = tokenizer, .cuda = cuda, .seeds = {}});
        const std::size_t seeds = quick ? 1 : 3;
        ASSERT_EQ(runs.size(), 5 * seeds);
        for (const RunConfig& run : runs) {
          EXPECT_TRUE(validate(run)) << run.name << ": " << validate(run).error().message;
          EXPECT_EQ(run.data, runs[0].data);
          EXPECT_EQ(run.train.batchSequences, runs[0].train.batchSequences);
          EXPECT_EQ(run.train.sequenceLength, runs[0].train.sequenceLength);
          EXPECT_EQ(run.model.hidden, runs[0].model.hidden);
          EXPECT_EQ(run.data.tokenizer, tokenizer);
          EXPECT_THAT(run.tags, Contains("demo"));
        }
        for (std::size_t i = 0; i < seeds; ++i) {
          const RunConfig *four = &runs[4 * i], &int8 = runs[4 * seeds + i];
          for (int j = 0; j < 4; ++j)
            EXPECT_EQ(four[j].train.seed, static_cast<std::int64_t>(i + 21)) << "the pairs share their seed";
          EXPECT_EQ(kvBytes(four[0]), kvBytes(four[1]) * four[0].model.kvHeads) << "MHA, MQA";
          EXPECT_EQ(kvBytes(four[1]), kvBytes(four[2]) * 2) << "MQA-CLA2 keeps half";
          EXPECT_EQ(kvBytes(four[3]), kvBytes(four[2])) << "H16-MQA keeps as much as MQA-CLA2";
          EXPECT_EQ(int8.train.seed, four[2].train.seed);
          EXPECT_EQ(int8.train.steps, 0);
          EXPECT_EQ(int8.cache.plugin, "int8_cache");
          EXPECT_EQ(demoOriginal(int8), "MQA-CLA2");
          EXPECT_EQ(demoOriginal(four[2]), "");
          EXPECT_EQ(int8.model, four[2].model);
        }
      }
    }
  }
}

TEST(DemoRuns, TakeTextFilesByTheirAbsolutePathsAndTheSeedsAsked) {
  const std::vector<RunConfig> runs =
      demoRuns({.quick = true, .files = {"some/text.txt"}, .validFiles = {"held.txt"}, .seeds = {4, 9}});
  ASSERT_EQ(runs.size(), 10u);
  EXPECT_EQ(runs[0].data.source, "text");
  EXPECT_THAT(runs[0].data.files, ElementsAre(std::filesystem::absolute("some/text.txt").string()));
  EXPECT_THAT(runs[0].data.validFiles, ElementsAre(std::filesystem::absolute("held.txt").string()));
  EXPECT_EQ(runs[0].train.seed, 4);
  EXPECT_EQ(runs[9].train.seed, 9);
}

TEST(DemoRuns, QuickIsMuchLess) {
  const auto tokens = [](const RunConfig& run) {
    return run.train.steps * run.train.batchSequences * run.train.sequenceLength;
  };
  EXPECT_LT(tokens(demoRuns({.quick = true})[0]) * 4, tokens(demoRuns({.quick = false})[0]));
}

TEST(DemoRuns, WhatIsComparedIsTrained) {
  std::set<std::string> names;
  for (const RunConfig& run : demoRuns({})) names.insert(run.name);
  for (const auto& [subject, reference] : demoComparisons()) {
    EXPECT_EQ(names.count(subject), 1u) << subject;
    EXPECT_EQ(names.count(reference), 1u) << reference;
  }
}
