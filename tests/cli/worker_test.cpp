// One small run from submission to every verb that reads its weights. Needs weft-worker beside weft.
#include <gmock/gmock.h>

#include <map>

#include "tests/cli/program_under_test.h"

namespace fs = std::filesystem;
using namespace weft::cli_test;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TrainedRun : public ProjectTest {
 protected:
  void SetUp() override {
    if (!hasWorker()) GTEST_SKIP() << "weft-worker is not beside weft: this build has no torch";
    ProjectTest::SetUp();
    m_submitted = train("tiny", 4);
    ASSERT_TRUE(succeeded(m_submitted));
  }
  Outcome train(const std::string& name, int steps) const {
    const std::vector<std::string> settings{"train.steps=" + std::to_string(steps),
                                            "train.sequence_length=32",
                                            "train.batch_sequences=4",
                                            "data.synthetic_tokens=40000",
                                            "evaluation.tokens=512",
                                            "train.log_every=1",
                                            "device.device=cpu"};
    std::vector<std::string> words{"submit", "--preset", "demo-mqa-cla2", "--name", name, "--wait", "--json"};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    return weft(words);
  }
  Outcome m_submitted;
};

// With the schedule of the longer run: what a run of 8 steps has at step 5, not what was left of 4 steps.
TEST_F(TrainedRun, IsTrainedOnToMoreStepsFromItsLastCheckpoint) {
  const auto ratesOf = [&](const char* name) {
    std::map<std::int64_t, double> rates;
    const nlohmann::json runs = weft({"export", "metrics", "--format", "json", "--runs", name}).json();
    for (const nlohmann::json& point : runs[0]["metrics"]["train/learning_rate"]) rates[point["step"]] = point["value"];
    return rates;
  };
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"extend", "tiny", "--steps", "4"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(weft({"extend", "nobody", "--steps", "9"})));
  const nlohmann::json before = weft({"show", "tiny", "--json"}).json()[0];
  const Outcome extended = weft({"extend", "tiny", "--steps", "8", "--wait", "--json"});
  ASSERT_TRUE(succeeded(extended));
  const nlohmann::json run = extended.json()[0];
  EXPECT_EQ(run["id"], before["id"]) << "the same run";
  EXPECT_EQ(run["state"], "finished");
  EXPECT_EQ(run["steps"], 8);
  EXPECT_EQ(run["step"], 8);
  EXPECT_EQ(run["attempt"], 2);
  EXPECT_NE(run["configuration_key"], before["configuration_key"]);
  EXPECT_EQ(run["text_key"], before["text_key"]);
  ASSERT_TRUE(succeeded(train("whole", 8)));
  EXPECT_EQ(weft({"show", "whole", "--json"}).json()[0]["configuration_key"], run["configuration_key"]);
  const std::map<std::int64_t, double> rates = ratesOf("tiny"), whole = ratesOf("whole");
  ASSERT_EQ(rates.size(), 8u) << "what was trained before is kept";
  for (std::int64_t step = 5; step <= 8; ++step) EXPECT_EQ(rates.at(step), whole.at(step)) << step;
  EXPECT_LT(rates.at(4), whole.at(4)) << "the shorter run was at its end";
  EXPECT_GT(rates.at(5), rates.at(4));
}

TEST_F(TrainedRun, IsFinishedMeasuredAndReadableByEveryVerb) {
  const nlohmann::json run = m_submitted.json();
  EXPECT_EQ(run["state"], "finished");
  EXPECT_GT(run["perplexity"].get<double>(), 1.0);
  // 2 producers, K and V, one head of 32, float32 on a CPU.
  EXPECT_EQ(run["kv_bytes_per_token"], 2 * 2 * 32 * 4);
  EXPECT_EQ(run["kv_bytes_per_token_measured"], run["kv_bytes_per_token"]);

  const Outcome measured = weft({"measure", "tiny", "--batch", "2", "--context", "48", "--json"});
  ASSERT_TRUE(succeeded(measured));
  EXPECT_EQ(measured.json()["kv_bytes"]["analytic"], 512 * 2 * 48);
  EXPECT_EQ(measured.json()["kv_bytes"]["storage"], measured.json()["kv_bytes"]["analytic"]);
  EXPECT_TRUE(measured.json().contains("decode_tokens_per_second"));

  EXPECT_EQ(measured.json()["points"].size(), 1u);
  EXPECT_EQ(measured.json()["points"][0]["kv_bytes"], measured.json()["kv_bytes"]);
  ASSERT_TRUE(succeeded(weft({"measure", "tiny", "--batch", "1,2", "--context", "24", "--json"})));
  const Outcome largest =
      weft({"measure", "1@step-4", "--largest-batch", "--context", "48", "--memory", "0.02", "--json"});
  ASSERT_TRUE(succeeded(largest));
  EXPECT_LE(largest.json()["largest_batch"], largest.json()["predicted_batch"]);
  EXPECT_EQ(largest.json()["largest_batches"].size(), 1u);
  // The run keeps them; measured again, the newest is shown.
  ASSERT_TRUE(succeeded(weft({"measure", "tiny", "--batch", "2", "--context", "24"})));
  const nlohmann::json kept = weft({"compare", "--measurements", "tiny", "--json"}).json();
  ASSERT_EQ(kept[0]["points"].size(), 3u);
  EXPECT_EQ(kept[0]["largest_batches"][0]["largest_batch"], largest.json()["largest_batch"]);
  EXPECT_EQ(kept[0]["points"][0]["model"], "step-4");
  EXPECT_THAT(weft({"compare", "--measurements", "tiny"}).out,
              AllOf(HasSubstr("prefill tokens/s"), HasSubstr("largest batch")));
  EXPECT_EQ(weft({"runs", "--json"}).json()[0]["kv_bytes_per_token_measured"], run["kv_bytes_per_token"]);

  const Outcome generated = weft({"generate", "tiny", "--ids", "84,104,101", "--tokens", "5", "--json"});
  ASSERT_TRUE(succeeded(generated));
  EXPECT_GE(generated.json()["ids"].size(), 5u);
  EXPECT_EQ(weft({"generate", "tiny", "--ids", "84,104,101", "--tokens", "5", "--json"}).json()["ids"],
            generated.json()["ids"]);

  const fs::path out = m_folder->path() / "logits.safetensors";
  ASSERT_TRUE(succeeded(weft({"logits", "tiny", "--ids", "1,2,3", "--out", out.string()})));
  const nlohmann::json tensors = runWeft({"inspect", out.string(), "--json"}).json();
  ASSERT_EQ(tensors["tensors"].size(), 1u);
  EXPECT_EQ(tensors["tensors"][0]["name"], "logits");

  const Outcome evaluated = weft(
      {"eval", "tiny", "--text", file("text.txt", std::string(50, 'a') + " weft runs on text. ").string(), "--json"});
  ASSERT_TRUE(succeeded(evaluated));
  for (const char* key :
       {"token_perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "tokens", "words", "bytes"}) {
    EXPECT_TRUE(evaluated.json().contains(key)) << key;
  }
  EXPECT_EQ(evaluated.json()["bytes"], 70);

  // The run keeps this too, beside training's own curve, and the newest is shown.
  const std::string items = file("valid.jsonl", R"({"goal": "g", "sol1": "a", "sol2": "b", "label": 0})"
                                                "\n"
                                                R"({"goal": "h", "sol1": "c", "sol2": "d", "label": 1})")
                                .string();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(succeeded(weft({"eval", "tiny", "--task", "piqa", "--data", items})));
  const nlohmann::json asked = weft({"compare", "--evaluations", "tiny", "--json"}).json()[0]["evaluations"];
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0]["task"], "text");
  EXPECT_EQ(asked[1]["task"], "piqa");
  EXPECT_EQ(asked[1]["data"], "valid.jsonl");
  EXPECT_EQ(asked[1]["items"], 2);
  EXPECT_EQ(asked[1]["step"], run["step"]);
  EXPECT_THAT(weft({"compare", "--evaluations", "tiny"}).out, AllOf(HasSubstr("acc_norm"), HasSubstr("word ppl")));
  EXPECT_THAT(weft({"show", "tiny"}).out, HasSubstr("piqa"));
  EXPECT_EQ(weft({"runs", "--json"}).json()[0]["perplexity"], run["perplexity"])
      << "a task is no point of the held-out curve";

  const nlohmann::json shown = weft({"show", "tiny", "--json"}).json();
  ASSERT_FALSE(shown[0]["checkpoints"].empty());
  const fs::path checkpoint = project() / "runs/1" / shown[0]["checkpoints"].back()["path"].get<std::string>();
  EXPECT_EQ(runWeft({"inspect", checkpoint.string(), "--json"}).json()["kind"], "checkpoint");

  EXPECT_TRUE(succeeded(weft({"log", "tiny"})));
  EXPECT_THAT(weft({"log", "tiny", "--events"}).out, HasSubstr("\"finished\""));
  EXPECT_THAT(weft({"export", "metrics"}).out, HasSubstr("train/loss,4,"));
  const fs::path pareto = m_folder->path() / "pareto.csv";
  ASSERT_TRUE(succeeded(weft({"export", "--figure", "pareto", "--out", pareto.string()})));
  EXPECT_THAT(weft::readFile(pareto).value(), HasSubstr("1,tiny,0_0_2_2,512,"));
}

TEST_F(TrainedRun, ATruncatedCheckpointIsOneSentence) {
  const fs::path weights = project() / "runs/1" /
                           weft({"show", "tiny", "--json"}).json()[0]["checkpoints"].back()["path"].get<std::string>() /
                           "model.safetensors";
  std::string content = weft::readFile(weights).value();
  content.resize(content.size() / 2);
  ASSERT_TRUE(weft::writeFileAtomically(weights, content));
  const Outcome outcome = weft({"generate", "tiny", "--ids", "1", "--tokens", "2"});
  EXPECT_TRUE(isOneSentenceOfBadInput(outcome));
  EXPECT_THAT(outcome.err, HasSubstr("model.safetensors"));
}

class FailingRun : public ProjectTest {};

TEST_F(FailingRun, EndsWithExitCodeThreeAndItsReason) {
  if (!hasWorker()) GTEST_SKIP() << "weft-worker is not beside weft: this build has no torch";
  const Outcome outcome = weft({"submit", "--preset", "demo-mqa", "--set", "device.device=cuda:77", "--set",
                                "data.synthetic_tokens=40000", "--wait"});
  EXPECT_EQ(outcome.exitCode, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("cuda:77"));
}
