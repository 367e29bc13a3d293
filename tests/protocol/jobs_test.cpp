#include "engine/protocol/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/base/files.h"

namespace weft::protocol {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

// One of every kind, with no member at its default.
std::vector<Job> filledJobs() {
  return {
      {.body = TrainJob{.attempt = 3}, .device = "cuda:1", .shards = "/s"},
      {.body = GenerateJob{.model = "m",
                           .prompt = "",
                           .ids = {1, -2},
                           .tokens = 7,
                           .temperature = 0.25,
                           .topK = 5,
                           .seed = 9,
                           .dtype = "float64",
                           .cache = ""}},
      {.body = LogitsJob{.model = "m", .ids = {4}, .out = "o", .dtype = "float32", .cache = "int8_cache"}},
      {.body = EvaluateJob{.model = "m",
                           .files = {"a", "b c"},
                           .task = "wikitext",
                           .window = 8,
                           .stride = 4,
                           .tokens = 2,
                           .limit = 3,
                           .out = "o",
                           .dtype = "bfloat16",
                           .cache = "x"}},
      {.body = MeasureJob{.model = "m",
                          .config = "c",
                          .batches = {1, 2},
                          .contexts = {3},
                          .rounds = 2,
                          .wantsLargestBatch = true,
                          .memory_bytes = 1'000'000'000'000,
                          .dtype = "float32",
                          .cache = "x"}},
      {.body = DeviceJob{}, .device = "cpu"},
      {.body = TrialJob{.config = "name = 'x'\n"}},
      {.body = ImportJob{.from = "f", .out = "o"}},
      {.body =
           ConvertJob{.model = "m", .out = "o", .map = "0_0", .method = "mean", .kvHeads = 2, .allowsUpward = true}},
      {.body = ExportJob{.model = "m", .out = "o", .layout = "llama", .dtype = "float16", .shardBytes = 17}},
  };
}

TEST(Jobs, EveryKindComesBackFromItsFileAsItWas) {
  const std::vector<Job> jobs = filledJobs();
  EXPECT_EQ(jobs.size(), std::variant_size_v<JobBody>) << "a kind is missing here";
  for (const Job& job : jobs) {
    const std::string text = toJobJson(job);
    const Result<Job> back = parseJob(text, "job.json");
    ASSERT_TRUE(back) << text << back.error().message;
    EXPECT_EQ(toJobJson(*back), text);
    EXPECT_EQ(back->body.index(), job.body.index());
    EXPECT_EQ(back->device, job.device);
    EXPECT_EQ(back->shards, job.shards);
  }
  const Job read = parseJob(toJobJson(jobs[1]), "").value();
  const auto& generate = std::get<GenerateJob>(read.body);
  EXPECT_EQ(generate.cache, "") << "the dense cache, not: the run's own";
  EXPECT_EQ(generate.prompt, "");
  EXPECT_EQ(generate.ids, (std::vector<std::int64_t>{1, -2}));
  const Job measure = parseJob(toJobJson(jobs[4]), "").value();
  EXPECT_EQ(std::get<MeasureJob>(measure.body).memory_bytes, 1'000'000'000'000);
}

TEST(Jobs, AKeyOfAnotherKindIsRefusedLikeOneThatNoJobHas) {
  const std::vector<Job> jobs = filledJobs();
  int refused = 0;
  for (const Job& job : jobs) {
    const json own = json::parse(toJobJson(job));
    for (const Job& other : jobs) {
      const json foreign = json::parse(toJobJson(other));
      for (const auto& [key, value] : foreign.items()) {
        if (own.contains(key) || key == "device" || key == "shards") continue;  // every kind has these
        json mixed = own;
        mixed[key] = value;
        const Result<Job> read = parseJob(mixed.dump(), "job.json");
        ASSERT_FALSE(read) << kindOf(job) << " takes " << key;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidInput);
        EXPECT_THAT(read.error().message, AllOf(HasSubstr("\"" + key + "\""), HasSubstr(kindOf(job))));
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
  EXPECT_THAT(parseJob(R"({"kind": "generate", "model": "m", "shard_bytes": 4})", "job.json").error().message,
              HasSubstr("there is no \"shard_bytes\" in a job of kind generate"));
  EXPECT_THAT(parseJob(R"({"kind": "train", "atempt": 2})", "job.json").error().message,
              HasSubstr("\"attempt\" is perhaps meant"));
}

TEST(Jobs, EveryKeyIsHeldToItsType) {
  for (const Job& job : filledJobs()) {
    const json own = json::parse(toJobJson(job));
    for (const auto& [key, value] : own.items()) {
      if (key == "kind") continue;
      for (const json& wrong : {json(nullptr), json::object(), json{{{"a", 1}}}}) {
        json changed = own;
        changed[key] = wrong;
        const Result<Job> read = parseJob(changed.dump(), "job.json");
        ASSERT_FALSE(read) << kindOf(job) << " takes " << key << " = " << wrong.dump();
        EXPECT_THAT(read.error().message, HasSubstr("\"" + key + "\" must be")) << wrong.dump();
      }
    }
  }
  for (const char* text : {R"({"kind": "train", "attempt": 99999999999})", R"({"kind": "train", "attempt": 1.5})",
                           R"({"kind": "generate", "model": "m", "tokens": 18446744073709551615})",
                           R"({"kind": "convert", "model": "m", "out": "o", "map": "0", "allow_upward": 2})"})
    EXPECT_FALSE(parseJob(text, "job.json")) << text;
}

TEST(Jobs, ARequiredKeyThatIsMissingOrEmptyIsNamed) {
  EXPECT_THAT(parseJob(R"({"kind": "generate"})", "/r/job.json").error().message,
              AllOf(HasSubstr("/r/job.json has no \"model\""), HasSubstr("generate")));
  EXPECT_THAT(parseJob(R"({"kind": "import", "from": "", "out": "o"})", "job.json").error().message,
              HasSubstr("\"from\" is empty"));
  EXPECT_THAT(parseJob(R"({"kind": "logits", "model": "m", "out": "o", "ids": []})", "job.json").error().message,
              HasSubstr("\"ids\" is empty"));
}

TEST(Jobs, WhatIsNoJobSaysWhy) {
  EXPECT_EQ(parseJob("", "job.json").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(parseJob("[1]", "job.json").error().code, ErrorCode::Corrupt);
  EXPECT_THAT(parseJob(R"({"kind": 3})", "job.json").error().message, HasSubstr("which kind of job"));
  EXPECT_THAT(parseJob(R"({"kind": "bake"})", "job.json").error().message,
              AllOf(HasSubstr("no kind of job \"bake\""), HasSubstr("generate"), HasSubstr("export")));
  const TemporaryFolder folder = TemporaryFolder::create().value();
  EXPECT_EQ(readJob(folder.path()).error().code, ErrorCode::NotFound);
  ASSERT_TRUE(writeJob(filledJobs().front(), folder.path()));
  EXPECT_EQ(toJobJson(*readJob(folder.path())), toJobJson(filledJobs().front()));
}

TEST(Jobs, TheHelpExplainsEveryKeyOfEveryKind) {
  const std::string help = jobHelp();
  for (const Job& job : filledJobs()) {
    const std::size_t begin = help.find(std::string("  ") + kindOf(job) + "\n");
    ASSERT_NE(begin, std::string::npos) << kindOf(job);
    const json written = json::parse(toJobJson(job));
    for (const auto& [key, value] : written.items()) {
      if (key == "kind") continue;
      EXPECT_NE(help.find("    " + key + " ", begin), std::string::npos) << kindOf(job) << " " << key;
    }
  }
}

}  // namespace
}  // namespace weft::protocol
