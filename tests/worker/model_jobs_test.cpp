// weft-worker as a process: generate, logits, evaluate and measure on a trained checkpoint, against values computed
// here.
#include <gmock/gmock.h>

#include <cmath>

#include "engine/data/dataset.h"
#include "engine/data/token_shard.h"
#include "engine/infer/generate.h"
#include "engine/nn/cache_factory.h"
#include "engine/nn/checkpoint.h"
#include "engine/nn/safetensors.h"
#include "tests/worker/worker_under_test.h"

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::worker_test;
using nlohmann::json;
using protocol::FinishedEvent;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

class ModelJob : public WorkerTest {
 protected:
  ModelJob() {
    config::RunConfig config = tinyConfig();
    config.train.steps = 40;
    m_model = trained("run", config);
    m_decoder = std::move(nn::loadModel(m_model, torch::kCPU)->decoder);
  }
  json job(const std::string& kind) const { return {{"kind", kind}, {"model", m_model.string()}}; }
  fs::path write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(writeFileAtomically(folder() / name, text));
    return folder() / name;
  }
  static std::vector<std::int64_t> bytesOf(const std::string& text) {
    std::vector<std::int64_t> ids;
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  torch::Tensor logits(const std::vector<std::int64_t>& ids) const {
    const torch::NoGradGuard noGrad;
    return m_decoder->logits(torch::tensor(ids, torch::kLong).unsqueeze(0)).squeeze(0);
  }
  // Sum of -log p of every token but the first, all in one window.
  double totalNats(const std::vector<std::int64_t>& ids) const {
    const torch::Tensor logP = torch::log_softmax(logits(ids).to(torch::kDouble), -1);
    double nats = 0;
    for (std::size_t i = 1; i < ids.size(); ++i) nats -= logP[static_cast<std::int64_t>(i) - 1][ids[i]].item<double>();
    return nats;
  }
  void expectMeasures(const FinishedEvent& finished, double nats, double tokens, double bytes, double words) const {
    EXPECT_THAT(finished.summary,
                UnorderedElementsAre(Key("token_perplexity"), Key("word_perplexity"), Key("byte_perplexity"),
                                     Key("bits_per_byte"), Key("tokens"), Key("words"), Key("bytes"), Key("loss_nats"),
                                     Key("window"), Key("stride")));
    EXPECT_EQ(finished.summary.at("tokens"), tokens);
    EXPECT_EQ(finished.summary.at("bytes"), bytes);
    EXPECT_EQ(finished.summary.at("words"), words);
    const double relative = 1e-5;  // float32 logits
    const auto expectNear = [&](const char* key, double wanted) {
      EXPECT_NEAR(finished.summary.at(key), wanted, relative * wanted) << key;
    };
    expectNear("loss_nats", nats / tokens);
    expectNear("token_perplexity", std::exp(nats / tokens));
    expectNear("byte_perplexity", std::exp(nats / bytes));
    expectNear("bits_per_byte", nats / bytes / std::log(2.0));
    EXPECT_NEAR(std::log(finished.summary.at("word_perplexity")), nats / words, relative * nats / words);
  }

  void expectRefusal(const json& change, const std::string& kind, ErrorCode code, const std::string& part) {
    json wanted = job(kind);
    wanted.update(change);
    const std::string name = "bad" + std::to_string(m_refusals++);
    writeJob(name, wanted);
    SCOPED_TRACE(wanted.dump());
    expectFailure(name, code, part);
  }

  fs::path m_model;
  std::unique_ptr<nn::Decoder> m_decoder;
  int m_refusals = 0;
};

TEST_F(ModelJob, LogitsAreThoseOfOnePassInAFileOfOneTensor) {
  const fs::path out = folder() / "logits.safetensors";
  const std::vector<std::int64_t> ids{84, 104, 101, 32};
  json wanted = job("logits");
  wanted.update({{"ids", ids}, {"out", out.string()}});
  const FinishedEvent finished = answer("logits", wanted);
  EXPECT_EQ(finished.texts.at("shape"), "[4,257]");
  const nn::TensorFile file = nn::readSafetensors(out).value();
  ASSERT_EQ(file.tensors.size(), 1u);
  EXPECT_EQ(file.tensors[0].first, "logits");
  EXPECT_TRUE(torch::allclose(file.tensors[0].second, logits(ids), 1e-5, 1e-5));

  wanted["dtype"] = "bfloat16";
  answer("coarse", wanted);
  const torch::Tensor coarse = nn::readSafetensors(out)->tensors[0].second;
  EXPECT_FALSE(torch::equal(coarse, logits(ids)));
  EXPECT_TRUE(torch::allclose(coarse, logits(ids), 0.1, 0.2));
}

TEST_F(ModelJob, GenerateContinuesAPromptOrIds) {
  json wanted = job("generate");
  wanted.update({{"prompt", "The "}, {"tokens", 12}});
  const FinishedEvent text = answer("text", wanted);
  const auto made = infer::generate(*m_decoder, nn::CacheFactory::create("").value(), bytesOf("The "),
                                    {.tokens = 12, .stopTokens = {256}});
  EXPECT_EQ(json::parse(text.texts.at("ids")), json(made.ids));
  EXPECT_EQ(text.summary.at("tokens"), static_cast<double>(made.ids.size()));
  // Two producers, K and V of 16 in float32, for 4 + 12 - 1 tokens.
  EXPECT_EQ(text.summary.at("kv_bytes"), 2 * 2 * 16 * 4 * 15);
  EXPECT_EQ(bytesOf(text.texts.at("text")), made.ids);

  wanted = job("generate");
  wanted.update({{"ids", bytesOf("The ")}, {"tokens", 12}});
  EXPECT_EQ(answer("ids", wanted).texts.at("ids"), text.texts.at("ids"));

  wanted["cache"] = "int8_cache";
  EXPECT_EQ(answer("int8", wanted).summary.at("kv_bytes"), 2 * 2 * (16 + 2) * 15);
}

TEST_F(ModelJob, GenerateSamplesBySeedTemperatureAndTopK) {
  const auto sample = [&](const std::string& name, int seed) {
    json wanted = job("generate");
    wanted.update({{"ids", {84}}, {"tokens", 40}, {"temperature", 1.5}, {"top_k", 20}, {"seed", seed}});
    return answer(name, wanted).texts.at("ids");
  };
  const std::string first = sample("first", 5);
  EXPECT_EQ(sample("again", 5), first);
  EXPECT_NE(sample("other", 6), first);
}

TEST_F(ModelJob, EvaluateGivesEveryPerplexityOfAText) {
  const std::string text = "The weft crosses  the warp.\n";  // 28 bytes, 5 words
  json wanted = job("evaluate");
  wanted["files"] = {write("text.txt", text).string()};
  expectMeasures(answer("eval", wanted), totalNats(bytesOf(text)), 27, 28, 5);
}

TEST_F(ModelJob, EvaluatePutsEndOfTextBetweenDocuments) {
  json wanted = job("evaluate");
  wanted["files"] = {write("two.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n").string()};
  std::vector<std::int64_t> ids = bytesOf("one two");
  ids.push_back(256);
  for (const std::int64_t id : bytesOf("three")) ids.push_back(id);
  expectMeasures(answer("documents", wanted), totalNats(ids), 12, 12, 3);
  wanted["files"] = {write("one.txt", "one two").string(), write("other.txt", "three").string()};
  expectMeasures(answer("files", wanted), totalNats(ids), 12, 12, 3);
}

TEST_F(ModelJob, EvaluateSlidesItsWindowAndTakesBytesAndWordsInProportion) {
  const std::string text = "Tavo bends the hollow rim near the coil. ";  // 41 bytes, 8 words
  json wanted = job("evaluate");
  wanted.update({{"files", {write("text.txt", text).string()}}, {"window", 8}, {"stride", 4}, {"tokens", 20}});
  const FinishedEvent finished = answer("eval", wanted);
  const std::vector<std::int64_t> ids = bytesOf(text);
  double nats = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    std::size_t begin = 0;
    while (begin + 8 <= i) begin += 4;
    const torch::Tensor logP = torch::log_softmax(
        logits({ids.begin() + static_cast<long>(begin), ids.begin() + static_cast<long>(i) + 1}).to(torch::kDouble),
        -1);
    nats -= logP[-1][ids[i + 1]].item<double>();
  }
  // 20 of 40 scored tokens: half of the bytes and words, rounded.
  expectMeasures(finished, nats, 20, 21, 4);
  EXPECT_EQ(finished.summary.at("window"), 8);
  EXPECT_EQ(finished.summary.at("stride"), 4);
}

TEST_F(ModelJob, EvaluateWithoutATextTakesTheModelsOwnHeldOutSplit) {
  json wanted = job("evaluate");
  wanted.update({{"shards", "../shards"}, {"tokens", 512}});
  const FinishedEvent finished = answer("eval", wanted);
  EXPECT_EQ(finished.summary.at("token_perplexity"), events("run").of<protocol::EvaluationEvent>().back().perplexity);
}

TEST_F(ModelJob, EvaluateThroughAQuantisedCacheDiffersALittle) {
  json wanted = job("evaluate");
  wanted["files"] = {
      write("text.txt", "Tavo bends the hollow rim near the coil. Some weft crosses the warp twice.").string()};
  const double plain = answer("plain", wanted).summary.at("loss_nats");
  wanted["cache"] = "int8_cache";
  const double int8 = answer("int8", wanted).summary.at("loss_nats");
  EXPECT_NE(int8, plain);
  EXPECT_NEAR(int8, plain, 0.05);
}

TEST_F(ModelJob, EvaluateScoresATaskAndWritesItsItems) {
  json wanted = job("evaluate");
  const fs::path out = folder() / "items.jsonl";
  const std::string lines =
      "{\"goal\": \"Tie it\", \"sol1\": \"with weft\", \"sol2\": \"with sand\", \"label\": 0}\n"
      "{\"goal\": \"Cut it\", \"sol1\": \"with a coil\", \"sol2\": \"by hand\", \"label\": 1}\n";
  wanted.update(
      {{"task", "piqa"}, {"files", {write("valid.jsonl", lines).string()}}, {"window", 128}, {"out", out.string()}});
  const FinishedEvent finished = answer("task", wanted);
  EXPECT_THAT(finished.summary, UnorderedElementsAre(Key("acc"), Key("acc_stderr"), Key("acc_norm"),
                                                     Key("acc_norm_stderr"), Key("items"), Key("window")));
  EXPECT_EQ(finished.texts.at("task"), "piqa");
  EXPECT_EQ(finished.summary.at("items"), 2);
  const std::string written = readFile(out).value();
  const json item = json::parse(written.substr(0, written.find('\n')));
  const std::string question = "Question: Tie it\nAnswer:";
  std::vector<double> likelihoods;
  for (const auto& choice : item["choices"]) {
    EXPECT_EQ(choice["context"], question);
    const std::vector<std::int64_t> context = bytesOf(question),
                                    all = bytesOf(question + choice["continuation"].get<std::string>());
    const double expected = totalNats(context) - totalNats(all);
    EXPECT_NEAR(choice["log_likelihood"].get<double>(), expected, 1e-4 * std::abs(expected));
    likelihoods.push_back(expected);
  }
  EXPECT_EQ(item["answer"], 0);

  wanted["limit"] = 1;
  const FinishedEvent one = answer("one", wanted);
  EXPECT_EQ(one.summary.at("items"), 1);
  EXPECT_EQ(one.summary.at("acc"), likelihoods.at(0) > likelihoods.at(1) ? 1 : 0);
  EXPECT_EQ(one.summary.count("acc_stderr"), 0u) << "one item has no standard error";
}

TEST_F(ModelJob, EvaluateScoresWikitextPageByPage) {
  json wanted = job("evaluate");
  // Two pages of 11 and 9 words; "a @-@ b" is scored as "a-b".
  const std::string pages = " = One = \n a @-@ b , c . \n = Two = \n d e \n f";
  wanted.update({{"task", "wikitext"}, {"files", {write("wiki.txt", pages).string()}}, {"window", 64}});
  const FinishedEvent finished = answer("wikitext", wanted);
  EXPECT_EQ(finished.summary.at("pages"), 2);
  EXPECT_EQ(finished.summary.at("bytes"), static_cast<double>(pages.size() - 1))
      << "all but the line end between the pages";
  double nats = 0;
  for (const char* page : {" = One =\na-b, c. ", " = Two =\nd e\nf"}) {
    std::vector<std::int64_t> ids = bytesOf(page);
    ids.insert(ids.begin(), 256);
    nats += totalNats(ids);
  }
  EXPECT_NEAR(finished.summary.at("loss_nats") * finished.summary.at("tokens"), nats, 1e-4 * nats);
  EXPECT_NEAR(finished.summary.at("bits_per_byte"), nats / finished.summary.at("bytes") / std::log(2.0), 1e-5);
}

TEST_F(ModelJob, EvaluateRefusesTasksThatCannotBeScored) {
  const auto refused = [&](const std::string& name, ErrorCode code, const std::string& part, const json& more) {
    json wanted = job("evaluate");
    wanted.update(more);
    writeJob(name, wanted);
    expectFailure(name, code, part);
  };
  const std::string item =
      write("valid.jsonl", R"({"goal": "g", "sol1": "with a very long answer", "sol2": "b", "label": 0})").string();
  refused("unknown", ErrorCode::InvalidInput, "There is no task 'lambada'", {{"task", "lambada"}, {"files", {item}}});
  refused("no file", ErrorCode::InvalidInput, "needs its file", {{"task", "piqa"}});
  refused("narrow", ErrorCode::InvalidInput, "take a larger window",
          {{"task", "piqa"}, {"files", {item}}, {"window", 8}});
  refused("damaged", ErrorCode::Corrupt, "line 1", {{"task", "piqa"}, {"files", {write("bad.jsonl", "{").string()}}});
}

TEST_F(ModelJob, MeasureGivesTheFourNumbersOfACheckpointOrAConfiguration) {
  json wanted = job("measure");
  wanted.update({{"batches", {2}}, {"contexts", {50}}});
  const FinishedEvent model = answer("model", wanted);
  EXPECT_EQ(model.summary.at("analytic"), 2 * 50 * 256);
  EXPECT_EQ(model.summary.at("storage"), 2 * 50 * 256);
  EXPECT_EQ(model.summary.count("device"), 1u);
  EXPECT_GT(model.summary.at("prefill_tokens_per_second"), 0);
  EXPECT_GT(model.summary.at("decode_tokens_per_second"), 0);
  ASSERT_EQ(events("model").of<protocol::MeasurementEvent>().size(), 1u);

  config::RunConfig config = tinyConfig();
  config.model.sharing = "identity";
  const FinishedEvent random =
      answer("random", {{"kind", "measure"}, {"config", config::toToml(config)}, {"batches", {1}}, {"contexts", {10}}});
  EXPECT_EQ(random.summary.at("storage"), 10 * 512);
  EXPECT_EQ(answer("coarse",
                   {{"kind", "measure"}, {"config", config::toToml(config)}, {"contexts", {10}}, {"dtype", "bfloat16"}})
                .summary.at("storage"),
            10 * 256);
}

TEST_F(ModelJob, MeasureGoesThroughAGridAndSaysWhatDoesNotFit) {
  json wanted = job("measure");
  wanted.update({{"batches", {1, 4096}}, {"contexts", {8, 20}}, {"rounds", 5}, {"memory_bytes", 8 << 20}});
  const FinishedEvent finished = answer("grid", wanted);
  EXPECT_EQ(finished.summary.at("points"), 4);
  const auto points = events("grid").of<protocol::MeasurementEvent>();
  ASSERT_EQ(points.size(), 4u);
  double fitting = 0;
  for (const protocol::MeasurementEvent& point : points) {
    EXPECT_EQ(point.name, "inference");
    const bool fits = point.values.at("fits") == 1;
    fitting += point.values.at("fits");
    EXPECT_EQ(fits, point.values.at("batch") == 1);
    EXPECT_EQ(point.values.count("prefill_tokens_per_second"), fits ? 1u : 0u);
    EXPECT_EQ(point.labels.count("refusal"), fits ? 0u : 1u);
    if (fits) {
      EXPECT_EQ(point.values.at("rounds"), 5);
    }
  }
  EXPECT_EQ(finished.summary.at("points_that_fit"), fitting);

  wanted["batches"] = {100000};
  writeJob("none", wanted);
  expectFailure("none", ErrorCode::OutOfMemory, "Nothing that was asked for fits");
}

TEST_F(ModelJob, MeasureFindsTheLargestBatchWithinTheLimitBesideThePrediction) {
  json wanted = job("measure");
  wanted.update({{"contexts", {64}}, {"largest_batch", 1}, {"memory_bytes", 8 << 20}});
  const FinishedEvent finished = answer("largest", wanted);
  EXPECT_GE(finished.summary.at("largest_batch"), 1);
  EXPECT_LE(finished.summary.at("largest_batch"), finished.summary.at("predicted_batch"));
  // 256 bytes of KV a token.
  EXPECT_EQ(finished.summary.at("predicted_batch"), std::floor(finished.summary.at("limit_bytes") / (64 * 256)));
  EXPECT_THAT(finished.texts.at("limit"), HasSubstr("8 MiB"));
  ASSERT_EQ(events("largest").of<protocol::MeasurementEvent>().size(), 1u);

  wanted["memory_bytes"] = 1000;
  writeJob("none", wanted);
  expectFailure("none", ErrorCode::InvalidInput, "the weights alone take");
}

TEST_F(ModelJob, RefusesBadInputInOneSentence) {
  expectRefusal({{"ids", {1, 300}}}, "generate", ErrorCode::InvalidInput,
                "300 is outside the model's vocabulary of 257");
  expectRefusal({{"ids", {-1}}}, "generate", ErrorCode::InvalidInput, "-1 is outside");
  expectRefusal({{"ids", {1}}, {"tokens", 0}}, "generate", ErrorCode::InvalidInput, "0 tokens");
  expectRefusal({{"ids", {1, "two"}}}, "generate", ErrorCode::InvalidInput, "\"ids\" must be a list of whole numbers");
  expectRefusal({{"ids", {1}}, {"cache", "nothing"}}, "generate", ErrorCode::NotFound,
                "no KV-cache plugin \"nothing\"");
  expectRefusal({{"ids", {1}}, {"cache", "../evil"}}, "generate", ErrorCode::InvalidInput, "is no plugin name");
  expectRefusal({{"ids", {1}}, {"device", "tpu"}}, "generate", ErrorCode::InvalidInput, "tpu");
  expectRefusal({{"ids", {257}}, {"out", "x"}}, "logits", ErrorCode::InvalidInput, "257 is outside");
  expectRefusal({{"ids", json::array()}, {"out", "x"}}, "logits", ErrorCode::InvalidInput, "\"ids\" is empty");
  expectRefusal({{"ids", {1}}}, "logits", ErrorCode::InvalidInput, "has no \"out\"");
  expectRefusal({{"ids", {1}}, {"out", (folder() / "no/such/folder/x").string()}}, "logits", ErrorCode::Io,
                "cannot be written");
  expectRefusal({{"ids", {1}}, {"out", "x"}, {"dtype", "int4"}}, "logits", ErrorCode::InvalidInput, "int4");
  expectRefusal({{"files", {(folder() / "none.txt").string()}}}, "evaluate", ErrorCode::NotFound, "none.txt");
  expectRefusal({{"files", {write("one.txt", "a").string()}}}, "evaluate", ErrorCode::InvalidInput,
                "too few for a perplexity");
  expectRefusal({{"files", {write("some.txt", "abcdef").string()}}, {"window", 4}, {"stride", 9}}, "evaluate",
                ErrorCode::InvalidInput, "4 tokens every 9");
  expectRefusal({{"files", {write("some.txt", "abcdef").string()}}, {"window", -1}}, "evaluate",
                ErrorCode::InvalidInput, "-1 tokens");
  expectRefusal({{"batches", {0}}}, "measure", ErrorCode::InvalidInput, "A batch of 0");
  expectRefusal({{"contexts", {json::number_integer_t(1) << 40}}}, "measure", ErrorCode::InvalidInput,
                "cannot be measured");
  expectRefusal({{"model", (folder() / "nowhere").string()}}, "measure", ErrorCode::NotFound, "nowhere");

  fs::copy(m_model, folder() / "cut");
  fs::resize_file(folder() / "cut/model.safetensors", 5000);
  expectRefusal({{"model", (folder() / "cut").string()}, {"ids", {1}}}, "generate", ErrorCode::Corrupt,
                "cut/model.safetensors");
  fs::copy(m_model, folder() / "empty");
  fs::resize_file(folder() / "empty/model.toml", 0);
  expectRefusal({{"model", (folder() / "empty").string()}, {"ids", {1}}}, "generate", ErrorCode::InvalidInput,
                "vocabulary");
}

TEST_F(ModelJob, AModelWithNaNIsNotScoredAndGeneratesNothing) {
  nn::TensorFile file = nn::readSafetensors(m_model / "model.safetensors").value();
  file.tensors[3].second.view(-1)[1] = std::nan("");
  const fs::path spoilt = folder() / "spoilt";
  fs::copy(m_model, spoilt);
  ASSERT_TRUE(nn::writeSafetensors(spoilt / "model.safetensors", file));
  const std::string says = "hold NaN, first in \"" + file.tensors[3].first + "\"";
  const std::string items = "{\"question\": \"q\", \"passage\": \"p\", \"label\": 1}\n";
  expectRefusal({{"model", spoilt.string()}, {"task", "boolq"}, {"files", {write("b.jsonl", items).string()}}},
                "evaluate", ErrorCode::Corrupt, says);
  expectRefusal({{"model", spoilt.string()}, {"files", {write("t.txt", "abcdef").string()}}}, "evaluate",
                ErrorCode::Corrupt, says);
  expectRefusal({{"model", spoilt.string()}, {"ids", {1}}}, "generate", ErrorCode::Corrupt, says);
}

TEST_F(ModelJob, EvaluateSaysWhatWasNoUtf8) {
  json wanted = job("evaluate");
  wanted["files"] = {write("latin1.txt", "caf\xE9 au lait").string()};
  answer("latin1", wanted);
  const auto alerts = events("latin1").of<protocol::AlertEvent>();
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_THAT(alerts[0].message, HasSubstr("1 bytes of it, the first in line 1"));
}

TEST_F(ModelJob, GenerateRefusesWaysOfDrawingThatAreNone) {
  for (const double temperature : {1e-40, -1.0, 1e9})
    expectRefusal({{"ids", {1}}, {"temperature", temperature}}, "generate", ErrorCode::InvalidInput,
                  "The temperature is");
  expectRefusal({{"ids", {1}}, {"top_k", -1}}, "generate", ErrorCode::InvalidInput, "top-k is -1");
}
