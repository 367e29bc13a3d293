#include "engine/train/training_checkpoint.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "engine/nn/checkpoint.h"
#include "tests/train/training_fixture.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::train_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TrainingCheckpoint : public TrainingTest {
 protected:
  TrainingCheckpoint()
      : m_decoder(makeDecoder(m_config, 1)),
        m_parameters(m_decoder->parameters()),
        m_optimizer(m_parameters, m_config.train) {}
  fs::path checkpoints() const { return folder() / "checkpoints"; }
  Result<train::SavedCheckpoint> save(std::int64_t step, std::optional<double> perplexity = {}) {
    return train::saveCheckpoint(checkpoints(), *m_decoder, m_optimizer, m_config,
                                 {.step = step, .tokens = step * 10, .perplexity = perplexity});
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints()))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  config::RunConfig m_config = tinyConfig();
  std::unique_ptr<nn::Decoder> m_decoder;
  step::Parameters m_parameters;
  train::AdamW m_optimizer;
};

TEST_F(TrainingCheckpoint, GivesBackWeightsMomentsAndState) {
  for (auto& moments : m_optimizer.moments()) {
    moments.m.normal_();
    moments.v.uniform_();
  }
  const auto state = stateOf(*m_decoder, m_optimizer);
  const train::SavedCheckpoint saved = save(42, 3.25).value();
  EXPECT_EQ(saved.folder, checkpoints() / "step-42");
  std::int64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(saved.folder))
    bytes += static_cast<std::int64_t>(entry.file_size());
  EXPECT_EQ(saved.bytes, bytes);
  // Weights and two moments for each parameter, 4 bytes each.
  EXPECT_GT(saved.bytes, 12 * m_decoder->parameterCount());

  const auto other = makeDecoder(m_config, 2);
  step::Parameters parameters(other->parameters());
  train::AdamW optimizer(parameters, m_config.train);
  const train::TrainingState read = train::restoreCheckpoint(saved.folder, *other, optimizer).value();
  EXPECT_EQ(read.step, 42);
  EXPECT_EQ(read.tokens, 420);
  EXPECT_EQ(read.perplexity, 3.25);
  EXPECT_EQ(optimizer.stepCount(), 42);
  EXPECT_TRUE(areBitwiseEqual(stateOf(*other, optimizer), state));
}

TEST_F(TrainingCheckpoint, OfAnotherModelChangesNothing) {
  ASSERT_TRUE(save(1));
  config::RunConfig wider = m_config;
  wider.model.hidden = 32;
  const auto other = makeDecoder(wider, 2);
  step::Parameters parameters(other->parameters());
  train::AdamW optimizer(parameters, wider.train);
  const auto before = stateOf(*other, optimizer);
  const Result<train::TrainingState> state = train::restoreCheckpoint(checkpoints() / "step-1", *other, optimizer);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::Corrupt);
  EXPECT_TRUE(areBitwiseEqual(stateOf(*other, optimizer), before));
}

TEST_F(TrainingCheckpoint, WithDamagedWeightsChangesNoMoments) {
  m_optimizer.moments()[0].m.fill_(7);
  ASSERT_TRUE(save(1));
  fs::resize_file(checkpoints() / "step-1/model.safetensors", 1000);
  m_optimizer.moments()[0].m.fill_(1);
  const auto before = stateOf(*m_decoder, m_optimizer);
  ASSERT_FALSE(train::restoreCheckpoint(checkpoints() / "step-1", *m_decoder, m_optimizer));
  EXPECT_TRUE(areBitwiseEqual(stateOf(*m_decoder, m_optimizer), before));
}

TEST_F(TrainingCheckpoint, RefusesATrainerStateThatIsNone) {
  ASSERT_TRUE(save(1));
  const fs::path file = checkpoints() / "step-1/trainer.json";
  for (const auto& [content, code] : {std::pair("", ErrorCode::Corrupt), std::pair("[1]", ErrorCode::Corrupt),
                                      std::pair(R"({"format": 1, "step": "one", "tokens": 2})", ErrorCode::Corrupt),
                                      std::pair(R"({"format": 1, "step": 1})", ErrorCode::Corrupt),
                                      std::pair(R"({"format": 9, "step": 1, "tokens": 2})", ErrorCode::NewerVersion)}) {
    ASSERT_TRUE(writeFileAtomically(file, content));
    const Result<train::TrainingState> state =
        train::restoreCheckpoint(checkpoints() / "step-1", *m_decoder, m_optimizer);
    ASSERT_FALSE(state) << content;
    EXPECT_EQ(state.error().code, code) << content;
    EXPECT_THAT(state.error().message, HasSubstr("trainer.json")) << content;
  }
  fs::remove(file);
  EXPECT_EQ(train::restoreCheckpoint(checkpoints() / "step-1", *m_decoder, m_optimizer).error().code,
            ErrorCode::NotFound);
}

TEST_F(TrainingCheckpoint, ListsByStepAndNothingElse) {
  for (const std::int64_t step : {100, 20, 3}) ASSERT_TRUE(save(step));
  for (const char* name : {".partial-step-7", ".removed-step-8", "step-", "step--4", "step-x", "best", "step-5.tmp"}) {
    fs::create_directories(checkpoints() / name);
  }
  EXPECT_THAT(train::listCheckpoints(checkpoints()),
              ElementsAre(checkpoints() / "step-3", checkpoints() / "step-20", checkpoints() / "step-100"));
  EXPECT_TRUE(train::listCheckpoints(folder() / "nowhere").empty());
}

TEST_F(TrainingCheckpoint, KeepsTheNewestTwoAndTheBest) {
  const double perplexities[] = {9, 4, 6, 5, 7};
  for (std::int64_t step = 1; step <= 5; ++step) {
    ASSERT_TRUE(save(step, perplexities[step - 1]));
    ASSERT_TRUE(train::pruneCheckpoints(checkpoints()));
  }
  EXPECT_THAT(names(), ElementsAre("best", "step-2", "step-4", "step-5"));
  EXPECT_EQ(readFile(checkpoints() / "best").value(), "step-2\n");
  // A better one takes its place; one without a perplexity never does.
  ASSERT_TRUE(save(6, 3.5));
  ASSERT_TRUE(save(7));
  ASSERT_TRUE(train::pruneCheckpoints(checkpoints()));
  EXPECT_THAT(names(), ElementsAre("best", "step-6", "step-7"));
  EXPECT_EQ(readFile(checkpoints() / "best").value(), "step-6\n");
}

TEST_F(TrainingCheckpoint, ClearsAwayWhatAKilledProcessLeft) {
  ASSERT_TRUE(save(1));
  for (const char* name : {".partial-step-2", ".removed-step-0"}) {
    fs::create_directories(checkpoints() / name);
    std::ofstream(checkpoints() / name / "model.safetensors") << "half";
  }
  // The same step is begun again over the leftover.
  ASSERT_TRUE(save(2));
  EXPECT_TRUE(train::restoreCheckpoint(checkpoints() / "step-2", *m_decoder, m_optimizer));
  ASSERT_TRUE(train::pruneCheckpoints(checkpoints()));
  EXPECT_THAT(names(), ElementsAre("step-1", "step-2"));
}

TEST_F(TrainingCheckpoint, ReplacesOneOfTheSameStep) {
  ASSERT_TRUE(save(1, 9.0));
  fs::resize_file(checkpoints() / "step-1/trainer.safetensors", 10);
  ASSERT_TRUE(save(1, 8.0));
  EXPECT_EQ(train::restoreCheckpoint(checkpoints() / "step-1", *m_decoder, m_optimizer).value().perplexity, 8.0);
  EXPECT_THAT(names(), ElementsAre("step-1"));
}

TEST_F(TrainingCheckpoint, ThatDoesNotFitOnTheDiskLeavesTheOlderOneAndNothingElse) {
  ASSERT_TRUE(save(1));
  // A limit on file sizes stands for the full disk: write(2) fails amid the file.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result<train::SavedCheckpoint> saved = save(2);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, ErrorCode::Io);
  EXPECT_THAT(saved.error().message, HasSubstr("cannot be written"));
  EXPECT_THAT(names(), ElementsAre("step-1"));
}

TEST_F(TrainingCheckpoint, IsAModelThatOthersCanLoad) {
  ASSERT_TRUE(save(3));
  const nn::LoadedModel loaded = nn::loadModel(checkpoints() / "step-3", torch::kCPU).value();
  EXPECT_EQ(loaded.config.model, m_config.model);
  const torch::Tensor ids = torch::tensor({{1, 2, 3}}, torch::kLong);
  const torch::NoGradGuard noGrad;
  EXPECT_TRUE(torch::equal(loaded.decoder->logits(ids), m_decoder->logits(ids)));
}
