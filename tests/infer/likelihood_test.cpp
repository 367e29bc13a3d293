// Log-likelihoods and scores are lm-eval's (tests/fixtures/evaluation), request by request; and do not depend on how
// requests are put together.
#include "engine/infer/likelihood.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/base/files.h"
#include "engine/data/choice_tasks.h"
#include "engine/data/encoded_pair.h"
#include "engine/data/wikitext.h"
#include "engine/infer/perplexity.h"
#include "engine/interchange/import_model.h"
#include "engine/nn/checkpoint.h"
#include "tests/infer/models.h"
#include "tests/torch_checks.h"

using namespace weft;
using namespace weft::infer;
using namespace weft::infer_test;
using nlohmann::json;
using weft::test::fixture;

namespace {

constexpr std::int64_t kWindow = 48;  // make_fixture.py's

std::vector<std::int64_t> wide(const std::vector<data::TokenId>& ids) { return {ids.begin(), ids.end()}; }

// The fixture's Llama, read once.
nn::Decoder& llama() {
  static const std::unique_ptr<nn::Decoder> decoder = [] {
    const TemporaryFolder folder = TemporaryFolder::create("weft-evaluation").value();
    interchange::importModel(fixture("evaluation"), folder.path() / "model").value();
    return std::move(nn::loadModel(folder.path() / "model", torch::kCPU)->decoder);
  }();
  return *decoder;
}

json expectedOf(const std::string& tokenizer) {
  return json::parse(readFile(fixture("evaluation/expected.json")).value())[tokenizer];
}

LikelihoodRequest requestOf(const data::Tokenizer& tokenizer, const data::Choice& choice) {
  const data::EncodedPair pair = data::encodePair(tokenizer, choice.context, choice.continuation).value();
  return {wide(pair.context), wide(pair.continuation)};
}

double sumOf(const std::vector<Likelihood>& likelihoods) {
  return std::accumulate(likelihoods.begin(), likelihoods.end(), 0.0,
                         [](double sum, const Likelihood& one) { return sum + one.logLikelihood_nats; });
}

// Sum of log p over the continuation, from one pass over everything.
double oneByOne(nn::Decoder& decoder, const LikelihoodRequest& request) {
  const torch::NoGradGuard noGrad;
  std::vector<std::int64_t> all = request.context;
  all.insert(all.end(), request.continuation.begin(), request.continuation.end());
  const torch::Tensor logP = torch::log_softmax(
      decoder.logits(torch::tensor(all, torch::kLong).unsqueeze(0)).squeeze(0).to(torch::kDouble), -1);
  double sum = 0;
  for (std::size_t i = request.context.size(); i < all.size(); ++i)
    sum += logP[static_cast<std::int64_t>(i) - 1][all[i]].item<double>();
  return sum;
}

std::vector<LikelihoodRequest> mixedRequests() {
  std::vector<LikelihoodRequest> requests;
  for (const auto& [context, continuation] : {std::pair{3, 2}, {11, 1}, {1, 4}, {7, 3}, {3, 2}, {9, 3}, {2, 1}}) {
    requests.push_back(
        {randomIds(context, 3), randomIds(continuation, static_cast<unsigned>(context * 10 + continuation))});
  }
  requests.push_back({requests[0].context, randomIds(2, 77)});  // another answer to the same question
  return requests;
}

}  // namespace

class LikelihoodOfLmEval : public InferTest, public ::testing::WithParamInterface<const char*> {
 protected:
  std::shared_ptr<const data::Tokenizer> tokenizer() const {
    return data::openTokenizer(fixture(std::string("evaluation/") + GetParam()).string()).value();
  }
};
INSTANTIATE_TEST_SUITE_P(Tokenizers, LikelihoodOfLmEval, ::testing::Values("tokenizer.json", "bos-tokenizer.json"),
                         [](const auto& one) {
                           return std::string(one.param).substr(0, 3) == "bos" ? "WithBegin" : "Plain";
                         });

TEST_P(LikelihoodOfLmEval, EveryRequestOfEveryTaskAndItsAccuracies) {
  const auto opened = tokenizer();
  const json expected = expectedOf(GetParam());
  for (const data::ChoiceTask& task : data::choiceTasks()) {
    const std::string file = task.name == "arc_challenge" ? "arc_easy" : task.name;
    const auto items = data::readChoiceItems(task, fixture("evaluation/hf/" + file + ".jsonl")).value();
    std::vector<LikelihoodRequest> requests;
    for (const data::ChoiceItem& item : items)
      for (const data::Choice& choice : item.choices) requests.push_back(requestOf(*opened, choice));
    const std::vector<Likelihood> found = logLikelihoods(llama(), requests, {.window = kWindow, .batch = 5});
    std::vector<ScoredItem> scored;
    std::size_t next = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      ScoredItem one{.answer = items[i].answer};
      for (std::size_t k = 0; k < items[i].choices.size(); ++k, ++next) {
        const double theirs = expected[task.name]["requests"][i][k].back();
        EXPECT_NEAR(found[next].logLikelihood_nats, theirs, 5e-6 * std::abs(theirs))
            << task.name << ", " << items[i].where << ", choice " << k;
        one.logLikelihoods.push_back(found[next].logLikelihood_nats);
        one.characters.push_back(static_cast<double>(items[i].choices[k].characters));
      }
      scored.push_back(std::move(one));
    }
    const ChoiceAccuracy accuracy = choiceAccuracy(scored);
    const json& metrics = expected[task.name]["metrics"];
    EXPECT_DOUBLE_EQ(accuracy.plain.value, metrics["acc"].get<double>()) << task.name;
    EXPECT_NEAR(accuracy.plain.standardError, metrics["acc_stderr"].get<double>(), 1e-12) << task.name;
    EXPECT_EQ(task.hasNormalized, metrics.contains("acc_norm")) << task.name;
    if (!task.hasNormalized) continue;
    EXPECT_DOUBLE_EQ(accuracy.normalized.value, metrics["acc_norm"].get<double>()) << task.name;
    EXPECT_NEAR(accuracy.normalized.standardError, metrics["acc_norm_stderr"].get<double>(), 1e-12) << task.name;
  }
}

TEST_P(LikelihoodOfLmEval, WikitextPageByPageAndItsPerplexities) {
  const auto opened = tokenizer();
  const json expected = expectedOf(GetParam())["wikitext"];
  const auto pages = data::readWikitext(fixture("evaluation/wikitext.txt")).value();
  ASSERT_EQ(pages.size(), expected["requests"].size());
  double nats = 0;
  std::int64_t words = 0, bytes = 0;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const auto requests =
        rollingRequests(wide(data::encodeWithPrefix(*opened, pages[i].text)), *data::startOfText(*opened), kWindow);
    EXPECT_GT(requests.size(), 1u);
    const double found = sumOf(logLikelihoods(llama(), requests, {.window = kWindow, .batch = 2}));
    const double theirs = expected["requests"][i][0].back();
    EXPECT_NEAR(found, theirs, 5e-6 * std::abs(theirs)) << "page " << i;
    nats -= found;
    words += pages[i].words;
    bytes += pages[i].bytes;
  }
  const TextMeasures measures = textMeasures(nats, bytes, words);
  const auto expectNear = [&](double found, const char* key) {
    const double theirs = expected["metrics"][key];
    EXPECT_NEAR(found, theirs, 1e-4 * theirs) << key;
  };
  expectNear(measures.wordPerplexity, "word_perplexity");
  expectNear(measures.bytePerplexity, "byte_perplexity");
  expectNear(measures.bitsPerByte, "bits_per_byte");
}

class Likelihoods : public InferTest {};

TEST_F(Likelihoods, AreThoseOfOneRequestAtATimeWhateverSharesABatch) {
  for (const char* map : {"identity", "cla2", "0s_0s_2s_2s_4s_4s", "k:0_0_2_2_4_4 v:0_1_1_3_3_5"}) {
    const auto decoder = makeDecoder(map, torch::kDouble);
    const std::vector<LikelihoodRequest> requests = mixedRequests();
    for (const std::int64_t batch : {1, 3, 100}) {
      const std::vector<Likelihood> found = logLikelihoods(*decoder, requests, {.window = 64, .batch = batch});
      for (std::size_t i = 0; i < requests.size(); ++i)
        EXPECT_NEAR(found[i].logLikelihood_nats, oneByOne(*decoder, requests[i]), 1e-10) << map << ", " << i;
    }
  }
}

// With dynamic scaling the rotation depends on how long the pass is: a shorter request must not be padded.
TEST_F(Likelihoods, DynamicScalingSeesNoPadding) {
  nn::DecoderSpec spec = specOf("cla2");
  spec.ropeScaling = {.kind = kernels::RopeKind::Dynamic, .factor = 2, .originalContext = 4};
  const auto decoder = makeDecoder(spec, torch::kDouble);
  const std::vector<LikelihoodRequest> requests = mixedRequests();
  const std::vector<Likelihood> together = logLikelihoods(*decoder, requests, {.window = 64, .batch = 100});
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Likelihood> alone = logLikelihoods(*decoder, {requests[i]}, {.window = 64, .batch = 1});
    EXPECT_NEAR(together[i].logLikelihood_nats, alone[0].logLikelihood_nats, 1e-12) << i;
  }
}

TEST_F(Likelihoods, ALongContextLosesItsBeginning) {
  const auto decoder = makeDecoder("cla2", torch::kDouble);
  const std::vector<std::int64_t> context = randomIds(30), continuation = randomIds(3, 9);
  const double found = logLikelihoods(*decoder, {{context, continuation}}, {.window = 8}).front().logLikelihood_nats;
  // 8 tokens are read: six of the context, and of the continuation all but its last.
  EXPECT_NEAR(found, oneByOne(*decoder, {{context.end() - 6, context.end()}, continuation}), 1e-10);
}

TEST_F(Likelihoods, SayWhetherTheContinuationIsTheGreedyOne) {
  const auto decoder = makeDecoder("cla2", torch::kDouble);
  const std::vector<std::int64_t> context = randomIds(5);
  const torch::NoGradGuard noGrad;
  const auto next = [&](const std::vector<std::int64_t>& ids) {
    return decoder->logits(torch::tensor(ids, torch::kLong).unsqueeze(0)).squeeze(0)[-1].argmax().item<std::int64_t>();
  };
  std::vector<std::int64_t> ids = context;
  ids.push_back(next(ids));
  const std::int64_t first = ids.back(), second = next(ids);
  const std::int64_t other = (second + 1) % kVocabulary;
  const auto found = logLikelihoods(
      *decoder, {{context, {first, second}}, {context, {first, other}}, {context, {other, second}}}, {.window = 16});
  EXPECT_TRUE(found[0].isGreedy);
  EXPECT_FALSE(found[1].isGreedy);
  EXPECT_EQ(found[2].isGreedy,
            other == first && next({context[0], context[1], context[2], context[3], context[4], other}) == second);
}

TEST_F(Likelihoods, ReadThroughACacheThatRoundsDifferALittle) {
  const auto decoder = makeDecoder("cla2");
  const std::vector<LikelihoodRequest> requests = mixedRequests();
  const nn::CacheFactory int8 = cacheOf("int8_cache");
  const auto plain = logLikelihoods(*decoder, requests, {.window = 64}),
             rounded = logLikelihoods(*decoder, requests, {.window = 64, .caches = &int8});
  EXPECT_NE(sumOf(plain), sumOf(rounded));
  for (std::size_t i = 0; i < requests.size(); ++i)
    EXPECT_NEAR(rounded[i].logLikelihood_nats, plain[i].logLikelihood_nats, 0.5) << i;
}

TEST_F(Likelihoods, TellHowFarTheyAreAndRefuseWhatCannotBeScored) {
  const auto decoder = makeDecoder("cla2");
  std::vector<double> told;
  logLikelihoods(*decoder, mixedRequests(), {.window = 64, .batch = 2},
                 [&](double fraction) { told.push_back(fraction); });
  ASSERT_GE(told.size(), 3u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_DOUBLE_EQ(told.back(), 1);
  EXPECT_TRUE(logLikelihoods(*decoder, {}, {}).empty());
  EXPECT_THROW(logLikelihoods(*decoder, {{{}, {1}}}, {}), std::invalid_argument);
  EXPECT_THROW(logLikelihoods(*decoder, {{{1}, {}}}, {}), std::invalid_argument);
  EXPECT_THROW(logLikelihoods(*decoder, {{{1}, {1, 2, 3}}}, {.window = 2}), std::invalid_argument);
}

// Every token once, each after as much as the window holds; windows as lm-eval's rolling ones where the stride is the
// window.
TEST(RollingRequests, ScoreEachTokenOnceBehindAFullWindow) {
  for (std::int64_t count = 0; count < 40; ++count) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count)), scored;
    std::iota(ids.begin(), ids.end(), 100);
    for (const std::int64_t stride : {1, 3, 7, 8}) {
      scored.clear();
      for (const LikelihoodRequest& request : rollingRequests(ids, 7, 8, stride)) {
        ASSERT_FALSE(request.context.empty());
        const bool isFirst = request.context.front() == 7;
        if (!isFirst) {
          EXPECT_EQ(request.context.size() + request.continuation.size() - 1, 8u) << "as much as fits";
          EXPECT_LE(static_cast<std::int64_t>(request.continuation.size()), stride);
        }
        std::vector<std::int64_t> all = request.context;
        all.insert(all.end(), request.continuation.begin(), request.continuation.end());
        for (std::size_t i = 1; i < all.size(); ++i)
          EXPECT_EQ(all[i], all[i - 1] == 7 ? 100 : all[i - 1] + 1) << "a stretch of the text";
        scored.insert(scored.end(), request.continuation.begin(), request.continuation.end());
      }
      EXPECT_EQ(scored, ids) << count << " tokens every " << stride;
    }
  }
  const auto requests = rollingRequests({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0, 4);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].context, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(requests[1].context, (std::vector<std::int64_t>{4}));
  EXPECT_EQ(requests[2].context, (std::vector<std::int64_t>{6, 7, 8}));
  EXPECT_EQ(requests[2].continuation, (std::vector<std::int64_t>{9, 10}));
  EXPECT_THROW(rollingRequests({1}, 0, 4, 5), std::invalid_argument);
}

TEST(ChoiceAccuracies, AreMeansWithTheErrorOfTheMean) {
  const std::vector<ScoredItem> items{
      {.logLikelihoods = {-4, -6}, .characters = {2, 12}, .answer = 1},  // likelier by itself: 0, per character: 1
      {.logLikelihoods = {-1, -1}, .characters = {1, 1}, .answer = 0},   // a tie is the first's
      {.logLikelihoods = {-1, -1}, .characters = {1, 1}, .answer = 1},
      {.logLikelihoods = {-3, -2}, .characters = {1, 1}, .answer = 1}};
  const ChoiceAccuracy accuracy = choiceAccuracy(items);
  EXPECT_DOUBLE_EQ(accuracy.plain.value, 0.5);
  EXPECT_DOUBLE_EQ(accuracy.plain.standardError, std::sqrt(4 * 0.25 / 3) / 2);
  EXPECT_DOUBLE_EQ(accuracy.normalized.value, 0.75);
  EXPECT_TRUE(std::isnan(choiceAccuracy({items[0]}).plain.standardError));
  EXPECT_THROW(choiceAccuracy({}), std::invalid_argument);
}
