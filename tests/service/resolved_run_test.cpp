// One number, one meaning: what a configuration becomes on a device is the same wherever it is asked.
#include "engine/service/resolved_run.h"

#include <gmock/gmock.h>

#include "engine/service/design_differences.h"
#include "engine/store/kv_type.h"
#include "tests/service/service_fixture.h"

namespace weft::service::test {
namespace {

using sharing::ElementType;
using ::testing::HasSubstr;

const Surroundings kCpu{.lanes = {"cpu"}, .tokenizerVocabulary = {}},
    kGpu{.lanes = {"cuda:0", "cpu"}, .tokenizerVocabulary = {}};

TEST(ResolvedRun, HasTheTokenizersEmbeddingAndTheDevicesType) {
  const config::RunConfig preset = config::preset("demo-mqa-cla2").value();
  const ResolvedRun cpu = resolveRun(preset, kCpu).value(), gpu = resolveRun(preset, kGpu).value();
  EXPECT_EQ(cpu.cost.parameters.total(), 722'432);
  EXPECT_EQ(gpu.cost.parameters.total(), 722'432);
  EXPECT_EQ(cpu.cost.kv.bytesPerToken, 512);
  EXPECT_EQ(gpu.cost.kv.bytesPerToken, 256);
  EXPECT_EQ(cpu.types.cache, ElementType::Float32);
  EXPECT_EQ(gpu.types.cache, ElementType::BFloat16);
  EXPECT_EQ(cpu.tokenizerWords(), "the byte tokenizer's 257 ids");
  EXPECT_EQ(bytesPerTokenWords(cpu.shape, cpu.map, ElementType::BFloat16, cpu.types),
            "256 B in bfloat16, 512 B in float32 on this CPU");
  EXPECT_EQ(bytesPerTokenWords(cpu.shape, cpu.map, ElementType::Float32, cpu.types),
            "512 B in float32, as on this CPU");
  EXPECT_EQ(bytesPerTokenWords(gpu.shape, gpu.map, ElementType::BFloat16, gpu.types),
            "256 B in bfloat16, as on a CUDA device");
  EXPECT_EQ(cpu.config.model.sharing, "0_0_2_2");
}

TEST(ResolvedRun, FollowsTheFieldsOfDeviceAndCache) {
  const auto typesWith = [&](const std::function<void(config::RunConfig&)>& change, const Surroundings& where) {
    config::RunConfig config = config::preset("demo-mqa").value();
    change(config);
    const ResolvedRun run = resolveRun(config, where).value();
    return std::pair(run.types.compute, run.types.cache);
  };
  EXPECT_EQ(typesWith([](auto& c) { c.device.device = "cpu"; }, kGpu),
            std::pair(ElementType::Float32, ElementType::Float32));
  EXPECT_EQ(typesWith([](auto& c) { c.device.dtype = "bfloat16"; }, kCpu),
            std::pair(ElementType::BFloat16, ElementType::BFloat16));
  EXPECT_EQ(typesWith([](auto& c) { c.cache.dtype = "float16"; }, kCpu),
            std::pair(ElementType::Float32, ElementType::Float16));
  EXPECT_EQ(typesWith([](auto& c) { c.device.device = "cuda:1"; }, kGpu),
            std::pair(ElementType::BFloat16, ElementType::BFloat16));
}

TEST(ResolvedRun, TakesTheVocabularyOfWhoeverReadTheTokenizer) {
  config::RunConfig config = config::preset("demo-mqa").value();
  config.data.tokenizer = "/nowhere/tokenizer.json";
  EXPECT_THAT(resolveRun(config, kCpu).error().message, HasSubstr("/nowhere/tokenizer.json"));
  const ResolvedRun run = resolveRun(config, {.lanes = {"cpu"}, .tokenizerVocabulary = 32'000}).value();
  EXPECT_EQ(run.config.model.vocabulary, 32'000);
  EXPECT_EQ(run.cost.parameters.embedding, 32'000 * 128);
  EXPECT_EQ(run.tokenizerWords(), "this tokenizer's 32,000 ids");
  config.model.vocabulary = 100;
  EXPECT_THAT(resolveRun(config, {.lanes = {"cpu"}, .tokenizerVocabulary = 32'000}).error().message,
              HasSubstr("model.vocabulary is 100"));
}

TEST(DesignDifferences, SayInWordsWhatTheRunHasAndWhy) {
  const ResolvedRun run = resolveRun(config::preset("demo-mqa-cla2").value(), kCpu).value();
  DrawnNumbers drawn{.shape = run.shape, .map = run.map, .type = ElementType::BFloat16};
  const auto all = differencesFromDesign(run, drawn);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_FALSE(all[0].differs);
  EXPECT_EQ(all[0].number + all[0].reason, "722,432 parameters, as drawn, with the byte tokenizer's 257 ids");
  EXPECT_TRUE(all[1].differs);
  EXPECT_EQ(all[1].number + all[1].reason,
            "512 B per token, not 256: this CPU keeps them in float32, the design counts bfloat16");
  drawn.shape.vocabulary = 0;
  EXPECT_EQ(differencesFromDesign(run, drawn)[0].reason,
            ", not 689,536: the design counts no embedding, the run has the byte tokenizer's 257 ids");
  drawn.shape.vocabulary = 50'304;
  EXPECT_THAT(differencesFromDesign(run, drawn)[0].reason, HasSubstr("the design counts a vocabulary of 50,304"));
  drawn.type = ElementType::Float32;
  EXPECT_EQ(differencesFromDesign(run, drawn)[1].reason, " in float32, as drawn");
  config::RunConfig plugin = run.config;
  plugin.cache.plugin = "int8_cache";
  EXPECT_EQ(differencesFromDesign(resolveRun(plugin, kCpu).value(), drawn).back().number, "The cache is int8_cache's");
}

class SubmittedPreset : public ServiceTest {};

// Every demo preset and one of the paper's: the row says what was resolved, and its bytes tell their type.
TEST_F(SubmittedPreset, HasTheNumbersThatWereResolvedBefore) {
  for (const char* name : {"demo-mha", "demo-mqa", "demo-mqa-cla2", "demo-h16-mqa", "paper-1b-h128-mqa-cla2"}) {
    for (const char* type : {"float32", "bfloat16", "float64"}) {
      config::RunConfig config = config::preset(name).value();
      config.device = {.device = "cpu", .dtype = type};
      const ResolvedRun resolved = resolveRun(config).value();
      const store::RunSummary row = run(service::submit(*m_project, *m_store, config).value());
      EXPECT_EQ(row.parameters, resolved.cost.parameters.total()) << name;
      EXPECT_EQ(row.kvBytesPerToken, static_cast<double>(resolved.cost.kv.bytesPerToken)) << name;
      EXPECT_EQ(store::kvTypeOf(row), std::string(type) == "bfloat16" ? "16-bit" : type) << name;
    }
  }
}

TEST_F(SubmittedPreset, SaysItsTypesTogether) {
  config::RunConfig config = config::preset("demo-mqa").value();
  config.device.device = "cpu";
  const store::RunSummary a = run(service::submit(*m_project, *m_store, config).value());
  config.device.dtype = "bfloat16";
  const store::RunSummary b = run(service::submit(*m_project, *m_store, config).value());
  config.cache.plugin = "int8_cache";
  const store::RunSummary c = run(service::submit(*m_project, *m_store, config).value());
  EXPECT_EQ(store::kvTypesOf({&a, &a}), "float32");
  EXPECT_EQ(store::kvTypesOf({&a, &b}), "float32 and 16-bit");
  EXPECT_EQ(store::kvTypeOf(c), "int8_cache");
}

}  // namespace
}  // namespace weft::service::test
