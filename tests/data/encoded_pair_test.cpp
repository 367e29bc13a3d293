// Division and tokens as lm-eval 0.4.13 makes them; the sums of their log-likelihoods are compared in
// tests/infer/likelihood_test.cpp.
#include "engine/data/encoded_pair.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using Json = nlohmann::json;
using test::contentOf;
using test::evaluationFixture;
using test::expectError;
using Ids = std::vector<TokenId>;
using EncodedPairs = test::DataTest;
using Prefixes = test::DataTest;

std::shared_ptr<const Tokenizer> opened(const test::fs::path& file) {
  auto tokenizer = openTokenizer(file.string());
  EXPECT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
  return *tokenizer;
}

Ids joined(const EncodedPair& pair) {
  Ids ids = pair.context;
  ids.insert(ids.end(), pair.continuation.begin(), pair.continuation.end());
  return ids;
}

TEST_F(EncodedPairs, BothTogetherAreTheTextAndTheContinuationBeginsWhereTheContextEnds) {
  const auto tokenizer = opened(evaluationFixture("tokenizer.json"));
  const Result<EncodedPair> pair = encodePair(*tokenizer, "Question: Which is the hottest?", " a star");
  ASSERT_TRUE(pair);
  EXPECT_EQ(joined(*pair), tokenizer->encode("Question: Which is the hottest? a star"));
  EXPECT_EQ(pair->context, tokenizer->encode("Question: Which is the hottest?"));
  EXPECT_EQ(tokenizer->decode(pair->continuation), " a star");
}

TEST_F(EncodedPairs, WhiteSpaceAtTheContextsEndGoesOver) {
  const auto tokenizer = opened(evaluationFixture("tokenizer.json"));
  const Result<EncodedPair> pair = encodePair(*tokenizer, "mix  paint \n", "stir");
  ASSERT_TRUE(pair);
  EXPECT_EQ(tokenizer->decode(pair->context), "mix  paint");
  EXPECT_EQ(tokenizer->decode(pair->continuation), " \nstir");
}

TEST_F(EncodedPairs, AnEmptyContextIsTheTokenBeforeAText) {
  const auto tokenizer = opened(evaluationFixture("tokenizer.json")),
             begins = opened(evaluationFixture("bos-tokenizer.json"));
  EXPECT_EQ(encodePair(*tokenizer, "", " a")->context, Ids{0});
  EXPECT_EQ(encodePair(*begins, "", " a")->context, Ids{1});
  EXPECT_EQ(encodePair(*begins, "", "<|begin|>a")->continuation, begins->encode("a"));
  expectError(encodePair(*tokenizer, "", ""), ErrorCode::InvalidInput, "Nothing is left");
  expectError(encodePair(*tokenizer, "q", ""), ErrorCode::InvalidInput, "Nothing is left");
  expectError(encodePair(*tokenizer, "  ", "x"), ErrorCode::InvalidInput, "white space");
}

TEST_F(Prefixes, StandBeforeTheContextAndAreNotEncodedWithATextOfItsOwn) {
  const auto tokenizer = opened(evaluationFixture("bos-tokenizer.json"));
  EXPECT_EQ(tokenizer->prefix(), Ids{1});
  EXPECT_EQ(startOfText(*tokenizer), 1u);
  EXPECT_EQ(tokenizer->encode("a").size(), 1u);
  Ids ids = tokenizer->encode("warm wool");
  ids.insert(ids.begin(), 1);
  EXPECT_EQ(encodeWithPrefix(*tokenizer, "warm wool"), ids);
  EXPECT_EQ(joined(*encodePair(*tokenizer, "warm", " wool")), ids);
  EXPECT_TRUE(opened(evaluationFixture("tokenizer.json"))->prefix().empty());
  EXPECT_EQ(startOfText(*opened(evaluationFixture("tokenizer.json"))), 0u);
  EXPECT_EQ(startOfText(*opened("byte")), 256u);
}

TEST_F(Prefixes, ReadATemplateAloneAndStopAtTheText) {
  Json file = Json::parse(contentOf(evaluationFixture("bos-tokenizer.json")));
  Json& sequence = file["post_processor"]["processors"];
  Json alone = file;
  alone["post_processor"] = sequence[1];
  EXPECT_EQ(opened(write("alone.json", alone.dump()))->prefix(), Ids{1});
  // A token behind the text is no beginning.
  sequence[1]["single"] = Json::array(
      {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"SpecialToken", {{"id", "<|begin|>"}, {"type_id", 0}}}}});
  EXPECT_TRUE(opened(write("behind.json", file.dump()))->prefix().empty());
}

TEST_F(Prefixes, RefuseATemplateThatDoesNotHold) {
  const Json file = Json::parse(contentOf(evaluationFixture("bos-tokenizer.json")));
  const auto refused = [&](const char* part, const std::function<void(Json & processor)>& spoil) {
    Json spoiled = file;
    spoil(spoiled["post_processor"]);
    expectError(openTokenizer(write("tokenizer.json", spoiled.dump()).string()), ErrorCode::Corrupt, part);
  };
  refused("without \"processors\"", [](Json& processor) { processor.erase("processors"); });
  refused("without \"single\"", [](Json& processor) { processor["processors"][1].erase("single"); });
  refused("without \"ids\"", [](Json& processor) { processor["processors"][1]["special_tokens"].clear(); });
  refused("without \"ids\"", [](Json& processor) { processor["processors"][1]["special_tokens"]["<|begin|>"] = 3; });
  refused("9999999",
          [](Json& processor) { processor["processors"][1]["special_tokens"]["<|begin|>"]["ids"] = {9999999}; });
  refused("more than 8", [](Json& processor) {
    processor["processors"][1]["special_tokens"]["<|begin|>"]["ids"] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  });
}

}  // namespace
}  // namespace weft::data
