#include "engine/config/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/sharing/map_text.h"

using namespace weft;
using namespace weft::config;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

std::string problemWith(const std::string& toml) {
  const Result<RunConfig> config = parseRunConfig(toml, "run.toml");
  if (config) return "accepted";
  EXPECT_EQ(config.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(config.error().message.find('\n'), std::string::npos) << config.error().message;
  return config.error().message;
}

std::string problemWithField(const std::string& key, const std::string& value) {
  RunConfig config;
  const Result<void> set = setField(config, key, value);
  if (!set) return set.error().message;
  const Result<void> valid = validate(config);
  return valid ? "accepted" : valid.error().message;
}

}  // namespace

TEST(RunConfig, DefaultsAreValid) { EXPECT_TRUE(validate(RunConfig())); }

TEST(RunConfig, ReadsEveryTable) {
  const RunConfig config = parseRunConfig(R"(
name = "MQA-CLA2"
tags = ["a", "b"]
[model]
layers = 6
sharing = "cla2"
window = 128
rope_theta = 500000
tie_embeddings = false
[data]
source = "text"
files = ["x.txt"]
[train]
learning_rate = 1e-3
[evaluation]
tokens = 5
[cache]
plugin = "int8_cache"
[device]
threads = 2
)",
                                          "run.toml")
                               .value();
  EXPECT_EQ(config.name, "MQA-CLA2");
  EXPECT_EQ(config.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.model.layers, 6);
  EXPECT_EQ(config.model.window, 128);
  EXPECT_EQ(config.model.ropeTheta, 500000.0);
  EXPECT_FALSE(config.model.tieEmbeddings);
  EXPECT_EQ(config.data.files, std::vector<std::string>{"x.txt"});
  EXPECT_EQ(config.train.learningRate, 1e-3);
  EXPECT_EQ(config.evaluation.tokens, 5);
  EXPECT_EQ(config.cache.plugin, "int8_cache");
  EXPECT_EQ(config.device.threads, 2);
  EXPECT_EQ(config.model.hidden, ModelConfig().hidden);  // what is not named keeps its default
}

TEST(RunConfig, WritingAndReadingLoseNothing) {
  RunConfig config;
  EXPECT_EQ(parseRunConfig(toToml(config), "x").value(), config);
  config.name = "a \"quoted\" \\ name\twith\x01 controls and ünïcödé";
  config.tags = {"", "x,y", "[z]"};
  config.model.window = 77;
  config.model.sharing = "k:0_0_2_2 v:0_1_1_3";
  config.model.ropeTheta = 1.0 / 3;
  config.model.ropeScaling = "yarn";
  config.model.ropeAttentionFactor = 0.1 * 3;
  config.model.normEpsilon = 1e-300;
  config.train.seed = std::numeric_limits<std::int64_t>::max();
  config.data.files = {"/a b/c.txt", "d\n.jsonl"};
  EXPECT_EQ(parseRunConfig(toToml(config), "x").value(), config);
}

TEST(RunConfig, EveryFieldReachesTheFileAndComesBack) {
  // Changes one field at a time through its printed value: a field that is missing in the table would stay at its
  // default.
  for (const auto& [key, value] : flatten(RunConfig())) {
    RunConfig changed;
    const std::string other = value == "true"    ? "false"
                              : value == "false" ? "true"
                              : value[0] == '"'  ? "\"other\""
                              : value[0] == '['  ? "[\"other\"]"
                                                 : "41";
    ASSERT_TRUE(setField(changed, key, other)) << key;
    EXPECT_NE(changed, RunConfig()) << key;
    EXPECT_EQ(parseRunConfig(toToml(changed), "x").value(), changed) << key;
  }
  EXPECT_GE(flatten(RunConfig()).size(), 50u);
}

TEST(RunConfig, AnUnknownKeyIsAnErrorThatNamesTheNearestAndTheLine) {
  EXPECT_THAT(problemWith("[model]\nlayers = 4\nhiden = 3\n"),
              AllOf(HasSubstr("run.toml, line 3"), HasSubstr("model.hiden"), HasSubstr("did you mean model.hidden?")));
  EXPECT_THAT(problemWith("[modle]\nlayers = 4\n"), AllOf(HasSubstr("line 1"), HasSubstr("did you mean [model]?")));
  EXPECT_THAT(problemWith("steps = 4\n"), HasSubstr("did you mean train.steps?"));
  EXPECT_THAT(problemWith("[train]\nzzzzzzzzzzzz = 4\n"), HasSubstr("there is no field train.zzzzzzzzzzzz"));
  EXPECT_THAT(problemWith("nam = \"x\"\n"), HasSubstr("did you mean name?"));
}

TEST(RunConfig, AWrongTypeSaysWhichTypeIsRight) {
  EXPECT_THAT(problemWith("[model]\nlayers = \"four\"\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("model.layers is a text; it must be a whole number")));
  EXPECT_THAT(problemWith("[model]\nlayers = 4.5\n"), HasSubstr("a number with a fraction; it must be a whole number"));
  EXPECT_THAT(problemWith("[model]\nlayers = 3000000000\n"), HasSubstr("below 2,147,483,648"));
  EXPECT_THAT(problemWith("[train]\nlearning_rate = \"fast\"\n"), HasSubstr("it must be a number"));
  EXPECT_THAT(problemWith("[model]\ntie_embeddings = 1\n"), HasSubstr("true or false"));
  EXPECT_THAT(problemWith("[data]\nfiles = \"a.txt\"\n"), HasSubstr("a list of texts"));
  EXPECT_THAT(problemWith("[data]\nfiles = [1]\n"), HasSubstr("a list of texts"));
  EXPECT_THAT(problemWith("model = 3\n"), HasSubstr("it must be a table, written [model]"));
  EXPECT_THAT(problemWith("[name]\n"), HasSubstr("name is a table; it must be a text in quotes"));
  EXPECT_THAT(problemWith("name = 1979-05-27\n"), HasSubstr("a date or time"));
}

TEST(RunConfig, TheFirstProblemOfTheFileIsReported) {
  EXPECT_THAT(problemWith("[train]\nstps = 1\n[model]\nlayers = true\n"), HasSubstr("line 2"));
}

TEST(RunConfig, BrokenTomlNamesLineAndColumn) {
  EXPECT_THAT(problemWith("[model]\nlayers = = 4\n"),
              AllOf(HasSubstr("run.toml, line 2"), HasSubstr("not valid TOML")));
  EXPECT_THAT(problemWith("[model\n"), HasSubstr("not valid TOML"));
  EXPECT_THAT(problemWith("a = 1\na = 2\n"), HasSubstr("not valid TOML"));
  EXPECT_THAT(problemWith(std::string("\xff\xfe\x00\x01", 4)), HasSubstr("not valid TOML"));
}

TEST(RunConfig, LoadingMakesDataPathsAbsoluteAgainstTheFilesFolder) {
  const TemporaryFolder folder = TemporaryFolder::create().value();
  ASSERT_TRUE(writeFileAtomically(folder.path() / "run.toml",
                                  "[data]\nsource = \"text\"\nfiles = [\"a.txt\", \"/b.txt\"]\ntokenizer = "
                                  "\"../t.json\"\n[train]\ninit_from = \"ckpt\"\n"));
  const RunConfig config = loadRunConfig(folder.path() / "run.toml").value();
  EXPECT_EQ(config.data.files, (std::vector<std::string>{(folder.path() / "a.txt").string(), "/b.txt"}));
  EXPECT_EQ(config.data.tokenizer, (folder.path().parent_path() / "t.json").string());
  EXPECT_EQ(config.train.initFrom, (folder.path() / "ckpt").string());
  ASSERT_TRUE(writeFileAtomically(folder.path() / "plain.toml", ""));
  EXPECT_EQ(loadRunConfig(folder.path() / "plain.toml")->data.tokenizer, "byte");
}

TEST(RunConfig, AMissingFileIsNotFound) {
  EXPECT_EQ(loadRunConfig("/nowhere/run.toml").error().code, ErrorCode::NotFound);
}

TEST(RunConfig, SetsAFieldByItsDottedName) {
  RunConfig config;
  EXPECT_TRUE(setField(config, "train.steps", "12"));
  EXPECT_TRUE(setField(config, "train.learning_rate", " 1e-4 "));
  EXPECT_TRUE(setField(config, "model.sharing", "cla2"));
  EXPECT_TRUE(setField(config, "name", "\"a b\""));
  EXPECT_TRUE(setField(config, "tags", "x,y"));
  EXPECT_TRUE(setField(config, "data.files", R"(["p", "q"])"));
  EXPECT_TRUE(setField(config, "model.window", "16"));
  EXPECT_TRUE(setField(config, "model.tie_embeddings", "false"));
  EXPECT_EQ(config.train.steps, 12);
  EXPECT_EQ(config.train.learningRate, 1e-4);
  EXPECT_EQ(config.model.sharing, "cla2");
  EXPECT_EQ(config.name, "a b");
  EXPECT_EQ(config.tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(config.data.files, (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(config.model.window, 16);
  EXPECT_TRUE(setField(config, "model.window", "0"));
  EXPECT_EQ(config.model.window, std::nullopt);
  EXPECT_TRUE(setField(config, "name", "0_0_2_2"));  // a text that looks like a number stays as it is
  EXPECT_EQ(config.name, "0_0_2_2");
}

TEST(RunConfig, AFieldThatCannotBeSetStaysAsItWas) {
  RunConfig config;
  EXPECT_THAT(setField(config, "train.step", "12").error().message, HasSubstr("did you mean train.steps?"));
  EXPECT_THAT(setField(config, "train.steps", "many").error().message, HasSubstr("it must be a whole number"));
  EXPECT_THAT(setField(config, "train.steps", "").error().message, HasSubstr("it must be a whole number"));
  EXPECT_THAT(setField(config, "train.steps", "1\nname = 2").error().message, HasSubstr("it must be a whole number"));
  EXPECT_THAT(setField(config, "data.files", "[1]").error().message, HasSubstr("list of texts"));
  EXPECT_THAT(setField(config, "name", "\"open").error().message, HasSubstr("a text in quotes"));
  EXPECT_THAT(setField(config, "model", "1").error().message, HasSubstr("no field model"));
  EXPECT_EQ(config, RunConfig());
}

TEST(RunConfig, ValidationNamesTheFieldAndWhatWouldBeRight) {
  EXPECT_THAT(problemWithField("model.kv_heads", "3"),
              AllOf(HasSubstr("model.kv_heads is 3"), HasSubstr("query_heads 4")));
  EXPECT_THAT(problemWithField("model.layers", "0"), HasSubstr("model.layers is 0"));
  EXPECT_THAT(problemWithField("model.head_width", "7"), HasSubstr("must be even"));
  EXPECT_THAT(problemWithField("model.window", "-4"), HasSubstr("model.window"));
  EXPECT_THAT(problemWithField("model.sharing", "0_2_2_3"),
              AllOf(HasSubstr("model.sharing"), HasSubstr("Layer 1"), HasSubstr("later")));
  EXPECT_THAT(problemWithField("model.sharing", "0_0_1_1"), AllOf(HasSubstr("Layer 2"), HasSubstr("produces none")));
  EXPECT_THAT(problemWithField("model.sharing", "0_0_2"), HasSubstr("3 layers, but the model has 4"));
  EXPECT_THAT(problemWithField("model.sharing", "0h3_0_0_0"), HasSubstr("3 KV heads"));
  EXPECT_THAT(problemWithField("data.source", "web"), HasSubstr("synthetic, text"));
  EXPECT_THAT(problemWithField("data.source", "text"), HasSubstr("data.files is empty"));
  EXPECT_THAT(problemWithField("data.files", "a.txt"), HasSubstr("data.source = \"text\""));
  EXPECT_THAT(problemWithField("data.valid_fraction", "1.0"), HasSubstr("data.valid_fraction"));
  EXPECT_THAT(problemWithField("train.micro_batch", "5"), HasSubstr("does not divide"));
  EXPECT_THAT(problemWithField("train.learning_rate", "0"), HasSubstr("above 0"));
  EXPECT_THAT(problemWithField("train.learning_rate", "nan"), HasSubstr("above 0"));
  EXPECT_THAT(problemWithField("train.beta2", "1"), HasSubstr("train.beta2"));
  EXPECT_THAT(problemWithField("train.warmup_fraction", "2"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(problemWithField("cache.plugin", "../evil.so"), HasSubstr("not a path"));
  EXPECT_THAT(problemWithField("cache.dtype", "int3"), HasSubstr("cache.dtype"));
  EXPECT_THAT(problemWithField("device.device", "gpu"), HasSubstr("auto, cpu, cuda"));
  EXPECT_THAT(problemWithField("device.device", "cuda:x"), HasSubstr("cuda:N"));
  EXPECT_EQ(problemWithField("device.device", "cuda:3"), "accepted");
  EXPECT_THAT(problemWithField("name", ""), HasSubstr("name"));
  EXPECT_THAT(problemWithField("name", "12"), HasSubstr("run's number"));
}

TEST(RunConfig, RopeScalingNamesWhatItsKindNeeds) {
  const auto problem = [](const std::vector<std::pair<std::string, std::string>>& fields) -> std::string {
    RunConfig config;
    for (const auto& [key, value] : fields) {
      if (const Result<void> set = setField(config, "model.rope_" + key, value); !set) return set.error().message;
    }
    const Result<void> valid = validate(config);
    EXPECT_EQ(validateRope(config.model).has_value(), valid.has_value());
    return valid ? "accepted" : valid.error().message;
  };
  EXPECT_THAT(problem({{"scaling", "longrope"}}),
              HasSubstr("model.rope_scaling is 'longrope'; it must be one of none, linear, dynamic, llama3, yarn"));
  EXPECT_THAT(problem({{"factor", "4"}}), HasSubstr("model.rope_factor is 4 but model.rope_scaling is 'none'"));
  EXPECT_THAT(problem({{"scaling", "linear"}, {"factor", "0.5"}}),
              HasSubstr("model.rope_factor is 0.5; it must be 1 or more"));
  EXPECT_THAT(problem({{"scaling", "linear"}, {"factor", "inf"}}), HasSubstr("model.rope_factor"));
  EXPECT_EQ(problem({{"scaling", "linear"}, {"factor", "4"}}), "accepted");
  for (const char* kind : {"dynamic", "llama3", "yarn"}) {
    EXPECT_THAT(problem({{"scaling", kind}, {"factor", "4"}}), HasSubstr("needs model.rope_original_context")) << kind;
    EXPECT_EQ(problem({{"scaling", kind}, {"factor", "4"}, {"original_context", "2048"}}), "accepted") << kind;
  }
  EXPECT_THAT(problem({{"scaling", "llama3"}, {"original_context", "8"}, {"high_frequency_factor", "1"}}),
              HasSubstr("model.rope_high_frequency_factor is 1; it must be above model.rope_low_frequency_factor 1"));
  EXPECT_THAT(problem({{"scaling", "yarn"}, {"original_context", "8"}, {"beta_slow", "33"}}),
              HasSubstr("must not be below model.rope_beta_slow 33"));
  EXPECT_THAT(problem({{"scaling", "yarn"}, {"original_context", "8"}, {"theta", "1"}}),
              HasSubstr("yarn needs more than 1"));
  EXPECT_THAT(problem({{"beta_fast", "0"}}), HasSubstr("model.rope_beta_fast is 0; it must be above 0"));
  EXPECT_THAT(problem({{"mscale", "-1"}}), HasSubstr("model.rope_mscale is -1; it must be 0 or more"));
  EXPECT_THAT(problem({{"original_context", "-1"}}), HasSubstr("model.rope_original_context is -1"));
  RunConfig narrow;
  narrow.model.headWidth = 2;
  narrow.model.ropeScaling = "dynamic";
  narrow.model.ropeOriginalContext = 8;
  EXPECT_THAT(validate(narrow).error().message, HasSubstr("model.head_width is 2"));
}

TEST(RunConfig, UpwardReadsAreAcceptedOnlyOnPurpose) {
  RunConfig config;
  config.model.sharing = "3_3_3_3";
  EXPECT_FALSE(validate(config));
  config.model.allowUpward = true;
  EXPECT_TRUE(validate(config));
  EXPECT_FALSE(sharingMap(config.model)->isCausal());
}

TEST(RunConfig, TheShapeCarriesEveryNumberOfTheCostModel) {
  ModelConfig model;
  model.window = 64;
  model.tieEmbeddings = false;
  model.ownKvNorm = false;
  model.qkvBias = true;
  model.vocabulary = 257;
  const sharing::ModelShape shape = shapeOf(model);
  EXPECT_TRUE(shape.hasQkvBias);
  EXPECT_FALSE(shape.hasQkNorm);
  model.qkNorm = true;
  EXPECT_TRUE(shapeOf(model).hasQkNorm);
  EXPECT_EQ(shape.layers, 4);
  EXPECT_EQ(shape.hidden, 128);
  EXPECT_EQ(shape.feedForward, 352);
  EXPECT_EQ(shape.queryHeads, 4);
  EXPECT_EQ(shape.kvHeads, 1);
  EXPECT_EQ(shape.headWidth, 32);
  EXPECT_EQ(shape.vocabulary, 257);
  EXPECT_EQ(shape.window, 64);
  EXPECT_EQ(shape.embedding, sharing::EmbeddingTie::Untied);
  EXPECT_EQ(shape.kvNorm, sharing::KvNorm::Tied);
}
