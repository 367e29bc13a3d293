#include "engine/config/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/config/paper_results.h"
#include "engine/config/preset_files.h"
#include "engine/config/training_request.h"
#include "engine/sharing/device_model.h"

using namespace weft;
using namespace weft::config;
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
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files += entry.path().extension() == ".toml" ? 1 : 0;
  EXPECT_EQ(presetFiles().size(), files);
  EXPECT_GE(files, 25u);
  for (const Preset& preset : presets())
    EXPECT_TRUE(validate(preset.config)) << preset.name << ": " << validate(preset.config).error().message;
  EXPECT_EQ(presets().size(), files);
  for (const Preset& preset : presets()) EXPECT_GT(preset.description.size(), 20u) << preset.name;
}

TEST(Presets, EveryRowOfThePapersTablesIsThereWithItsKvBytes) {
  std::map<int, int> rows;
  for (const PaperResult& result : paperResults()) {
    ++rows[result.table];
    const Result<RunConfig> config = preset(result.preset);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(kvBytes(*config, sharing::ElementType::BFloat16), result.kvBytesPerToken) << result.preset;
    EXPECT_TRUE(result.perplexity || result.wikitext) << result.preset;
  }
  EXPECT_EQ(rows, (std::map<int, int>{{1, 20}, {3, 3}, {5, 3}, {7, 3}}));
}

TEST(Presets, HaveThePapersRecipes) {
  const auto train = [](const char* name) { return preset(name).value().train; };
  for (const Preset& one : presets()) {
    if (one.group == "CLA paper, 1B: Table 1") {
      EXPECT_EQ(one.config.train.learningRate, 3e-4) << one.name;
      EXPECT_EQ(one.config.train.steps, 7153) << one.name;
      EXPECT_EQ(one.config.train.batchSequences * one.config.train.sequenceLength, 4194304) << one.name;
      EXPECT_EQ(one.config.model.initStd, 0.01275) << one.name;
    }
  }
  EXPECT_EQ(train("paper-1b-tuned-h128-mqa").learningRate, 1.5e-3);
  EXPECT_EQ(train("paper-1b-tuned-h128-mqa-cla2").learningRate, 2.25e-3);
  EXPECT_EQ(train("paper-1b-tuned-h64-mqa").learningRate, 2.25e-3);
  EXPECT_EQ(train("paper-3b-h128-mqa").learningRate, 6.75e-4);
  EXPECT_EQ(train("paper-3b-h128-mqa-cla2").learningRate, 2.25e-3);
  EXPECT_EQ(train("paper-3b-h64-mqa").learningRate, 1e-3);
  EXPECT_EQ(train("paper-3b-h64-mqa").steps, 23842);
  for (const char* name : {"paper-3b-second-h64-mqa", "paper-3b-second-h64-mqa-cla2", "paper-3b-second-h32-mqa"}) {
    EXPECT_EQ(train(name).learningRate, 1e-3) << name;
    EXPECT_EQ(train(name).steps, 25000) << name;
    EXPECT_EQ(train(name).warmupFraction * 25000, 2000) << name;
    EXPECT_EQ(preset(name)->model.initStd, 0.02) << name;
  }
}

TEST(Presets, TrainOnOneH100) {
  const sharing::DeviceModel h100 = sharing::deviceModel("h100").value();
  for (const Preset& one : presets()) {
    RunConfig config = one.config;
    if (config.model.vocabulary == 0) config.model.vocabulary = 50304;  // its tokenizer is not named yet
    if (one.name == "llama-3.1-8b") continue;  // 128 GB of parameters, gradients and moments: to be looked at
    const sharing::SharingMap map = sharingMap(config.model).value();
    const sharing::TrainingRequest request = trainingRequest(config.train, sharing::ElementType::BFloat16);
    const double peak = static_cast<double>(sharing::trainingMemory(shapeOf(config.model), map, request)->peak());
    // A tenth stays for what a driver, a library and one layer's temporaries take.
    EXPECT_LT(peak, 0.9 * h100.memoryBytes) << one.name << ", micro batch " << request.microBatch;
  }
}

TEST(Presets, ScaledOnesHaveTheSizeInTheirNameAndEqualKvBytesInPairs) {
  for (const auto& [size, millions] :
       {std::pair("10m", 10.0), {"25m", 25.0}, {"50m", 50.0}, {"110m", 110.0}, {"220m", 220.0}, {"350m", 350.0}}) {
    const RunConfig mqa = preset(std::string("scaled-") + size + "-mqa").value(),
                    cla = preset(std::string("scaled-") + size + "-mqa-cla2").value(),
                    narrow = preset(std::string("scaled-") + size + "-h32-mqa").value();
    const auto map = sharingMap(mqa.model).value();
    const double body =
        static_cast<double>(sharing::cost(shapeOf(mqa.model), map, {}).value().parameters.nonEmbedding());
    EXPECT_NEAR(body / 1e6 / millions, 1, 0.1) << size;
    EXPECT_EQ(kvBytes(mqa, sharing::ElementType::BFloat16), 2 * kvBytes(cla, sharing::ElementType::BFloat16)) << size;
    EXPECT_EQ(kvBytes(narrow, sharing::ElementType::BFloat16), kvBytes(cla, sharing::ElementType::BFloat16)) << size;
    EXPECT_NEAR(static_cast<double>(mqa.train.steps * mqa.train.batchSequences * mqa.train.sequenceLength) / body, 20,
                0.5)
        << size;
    EXPECT_EQ(cla.train.steps, mqa.train.steps) << size;
  }
}

TEST(Presets, StandFamilyByFamilyFromSmallToLarge) {
  std::vector<std::string> groups, scaled;
  for (const Preset& one : presets()) {
    if (groups.empty() || groups.back() != one.group) groups.push_back(one.group);
    if (one.name.rfind("scaled-", 0) == 0 && one.name.find("h32") == std::string::npos) scaled.push_back(one.name);
  }
  EXPECT_EQ(groups, (std::vector<std::string>{"Demo", "CLA paper, 1B: Table 1", "CLA paper, 1B: Table 3",
                                              "CLA paper, 3B: Table 5", "CLA paper, 3B: Table 7", "Scaled for one GPU",
                                              "LCKV", "Shapes"}));
  ASSERT_EQ(scaled.size(), 12u);
  EXPECT_EQ(scaled[0], "scaled-10m-mqa");
  EXPECT_EQ(scaled[1], "scaled-10m-mqa-cla2");
  EXPECT_EQ(scaled[2], "scaled-25m-mqa");
  EXPECT_EQ(scaled[11], "scaled-350m-mqa-cla2");
}

TEST(Presets, TheLckvModelsReadUpwardOnPurpose) {
  EXPECT_TRUE(sharingMap(preset("lckv-50m").value().model)->isIdentity());
  EXPECT_FALSE(sharingMap(preset("lckv-50m-w2").value().model)->isCausal());
  const RunConfig small = preset("lckv-50m").value();
  EXPECT_NEAR(static_cast<double>(
                  sharing::cost(shapeOf(small.model), sharingMap(small.model).value(), {}).value().parameters.total()),
              51.7e6, 1e5);
}

TEST(Presets, AnUnknownNameIsAnsweredWithTheNearest) {
  const Result<RunConfig> none = preset("paper-1b-h128-mqa-cla22");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::NotFound);
  EXPECT_THAT(none.error().message, HasSubstr("did you mean 'paper-1b-h128-mqa-cla2'"));
}
