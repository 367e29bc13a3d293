#include "engine/config/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/config/preset_files.h"

using namespace weft;
using namespace weft::config;
using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

std::int64_t kvBytes(const RunConfig& config, sharing::ElementType type) {
  const sharing::SharingMap map = sharingMap(config.model).value();
  return sharing::cost(shapeOf(config.model), map, {.cacheType = type}).value().kv.bytesPerToken;
}

}  // namespace

TEST(Presets, EveryFileOfResourcesIsCompiledInAndValid) {
  const std::filesystem::path folder = std::filesystem::path(WEFT_TEST_SOURCE_DIR).parent_path() / "resources/presets";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files += entry.path().extension() == ".toml" ? 1 : 0;
  EXPECT_EQ(presetFiles().size(), files);
  EXPECT_GE(files, 25u);
  for (const PresetFile& file : presetFiles()) {
    const Result<RunConfig> config = parseRunConfig(file.text, file.name);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(validate(*config)) << file.name << ": " << validate(*config).error().message;
  }
  EXPECT_EQ(presets().size(), files);
  for (const Preset& preset : presets()) EXPECT_GT(preset.description.size(), 20u) << preset.name;
}

TEST(Presets, ThePapersTableOneIsThere) {
  const std::vector<std::pair<std::string, std::int64_t>> rows{{"h128-mha", 163840},
                                                               {"h128-mqa", 10240},
                                                               {"h46-mqa", 3680},
                                                               {"h512-mqa-cla2", 20480},
                                                               {"h90-mqa-cla2", 3600},
                                                               {"h128-mqa-cla3", 3584},
                                                               {"h128-mqa-cla2-keep-ends", 5632},
                                                               {"h128-mqa-cla2-dense-back", 5632}};
  for (const auto& [name, bytes] : rows) EXPECT_EQ(kvBytes(preset("paper-1b-" + name).value(), sharing::ElementType::BFloat16), bytes) << name;
  EXPECT_EQ(std::count_if(presets().begin(), presets().end(), [](const Preset& one) { return one.name.rfind("paper-1b-", 0) == 0; }), 20);
  EXPECT_EQ(kvBytes(preset("paper-3b-h64-mqa-cla2").value(), sharing::ElementType::BFloat16), 4096);
}

TEST(Presets, AnUnknownNameIsAnsweredWithTheNearest) {
  const Result<RunConfig> none = preset("paper-1b-h128-mqa-cla22");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
  EXPECT_THAT(none.error().message, HasSubstr("did you mean 'paper-1b-h128-mqa-cla2'"));
}

TEST(DemoRuns, CompareFourPatternsAndTheInt8CacheOnTheSameTokens) {
  for (const bool quick : {false, true}) {
    for (const bool cuda : {false, true}) {
      for (const std::string tokenizer : {"byte", "/t/tokenizer.json"}) {
        const std::vector<RunConfig> runs = demoRuns({.quick = quick, .textFile = "", .tokenizer = tokenizer, .cuda = cuda});
        ASSERT_EQ(runs.size(), 5u);
        std::vector<std::int64_t> bytes;
        for (const RunConfig& run : runs) {
          EXPECT_TRUE(validate(run)) << run.name << ": " << validate(run).error().message;
          EXPECT_EQ(run.data, runs[0].data);
          EXPECT_EQ(run.train.seed, runs[0].train.seed);
          EXPECT_EQ(run.train.batchSequences, runs[0].train.batchSequences);
          EXPECT_EQ(run.train.sequenceLength, runs[0].train.sequenceLength);
          EXPECT_EQ(run.model.hidden, runs[0].model.hidden);
          EXPECT_EQ(run.data.tokenizer, tokenizer);
          EXPECT_THAT(run.tags, Contains("demo"));
          bytes.push_back(kvBytes(run, sharing::ElementType::Float32));
        }
        EXPECT_EQ(bytes[0], bytes[1] * runs[0].model.kvHeads);  // MHA, MQA
        EXPECT_EQ(bytes[1], bytes[2] * 2);                      // MQA-CLA2 keeps half
        EXPECT_EQ(bytes[3], bytes[2]);                          // H16-MQA keeps as much as MQA-CLA2
        EXPECT_EQ(runs[3].train.steps, runs[0].train.steps);
        EXPECT_EQ(runs[4].train.steps, 0);
        EXPECT_EQ(runs[4].cache.plugin, "int8_cache");
        EXPECT_THAT(runs[4].tags, Contains("int8-of:MQA-CLA2"));
        EXPECT_EQ(runs[4].model, runs[2].model);
      }
    }
  }
}

TEST(DemoRuns, TakeATextFileByItsAbsolutePath) {
  const std::vector<RunConfig> runs = demoRuns({.quick = true, .textFile = "some/text.txt"});
  EXPECT_EQ(runs[0].data.source, "text");
  ASSERT_EQ(runs[0].data.files.size(), 1u);
  EXPECT_TRUE(std::filesystem::path(runs[0].data.files[0]).is_absolute());
}

TEST(DemoRuns, QuickIsMuchLess) {
  const auto tokens = [](const RunConfig& run) { return run.train.steps * run.train.batchSequences * run.train.sequenceLength; };
  EXPECT_LT(tokens(demoRuns({.quick = true})[0]) * 4, tokens(demoRuns({.quick = false})[0]));
}
