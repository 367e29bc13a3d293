#include "engine/data/tokenizer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using Json = nlohmann::json;
using test::fixture;
using Tokenizers = test::DataTest;
using BadTokenizerFile = test::DataTest;

Json tiny() { return Json::parse(test::contentOf(fixture("tiny-tokenizer.json"))); }
Json groups() { return Json::parse(test::contentOf(fixture("cases.json"))); }

void expectCases(const Tokenizer& tokenizer, const Json& group) {
  ASSERT_GT(group["cases"].size(), 60u);
  for (const Json& entry : group["cases"]) {
    const auto text = entry["text"].get<std::string>();
    const auto expected = entry["ids"].get<std::vector<TokenId>>();
    EXPECT_EQ(tokenizer.encode(text), expected) << group["name"] << ": " << entry["text"].dump();
    if (entry["decoded"].is_null()) continue;
    EXPECT_EQ(tokenizer.decode(expected), entry["decoded"].get<std::string>())
        << group["name"] << ": " << entry["text"].dump();
  }
}

TEST(ByteTokenizer, RoundTripsEveryByte) {
  const auto tokenizer = openTokenizer("byte");
  ASSERT_TRUE(tokenizer);
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::vector<TokenId> ids = (*tokenizer)->encode(all);
  ASSERT_EQ(ids.size(), 256u);
  EXPECT_EQ(ids[200], 200u);
  EXPECT_EQ((*tokenizer)->decode(ids), all);
  EXPECT_EQ((*tokenizer)->vocabularySize(), 257);
  EXPECT_EQ((*tokenizer)->endOfText(), 256u);
  EXPECT_EQ((*tokenizer)->decode(std::vector<TokenId>{104, 256, 105, 70000}), "hi");
}

TEST_F(Tokenizers, EqualHuggingFaceOnNastyTexts) {
  for (const Json& group : groups()) {
    if (group["patch"].is_null()) continue;
    Json file = tiny();
    file.merge_patch(group["patch"]);
    const auto tokenizer = openTokenizer(write("tokenizer.json", file.dump()).string());
    ASSERT_TRUE(tokenizer) << group["name"] << ": " << tokenizer.error().message;
    expectCases(**tokenizer, group);
  }
}

TEST_F(Tokenizers, EqualHuggingFaceWithTheFilesOfTheGpt2Llama3AndQwenFamilies) {
  const Json families = Json::parse(test::contentOf(fixture("family-cases.json")));
  ASSERT_EQ(families.size(), 5u);
  for (const Json& group : families) {
    Json file = Json::parse(test::contentOf(fixture(group["file"])));
    file.merge_patch(group["patch"]);
    const auto tokenizer = openTokenizer(write("tokenizer.json", file.dump()).string());
    ASSERT_TRUE(tokenizer) << group["name"] << ": " << tokenizer.error().message;
    expectCases(**tokenizer, group);
  }
}

TEST_F(Tokenizers, AddNoTokenOfTheirOwnWhateverThePostProcessorWould) {
  const auto tokenizer = openTokenizer(fixture("llama-3.json").string());
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ((*tokenizer)->encode(""), std::vector<TokenId>{});
  const std::vector<TokenId> ids = (*tokenizer)->encode("<|begin_of_text|>");
  ASSERT_EQ(ids.size(), 1u);
  EXPECT_NE((*tokenizer)->encode("weft").front(), ids[0]);
}

TEST_F(Tokenizers, EqualHuggingFaceWithTheGptNeoxFile) {
  const test::fs::path file = test::sharedData() / "gpt-neox-20b" / "tokenizer.json";
  if (!test::fs::exists(file)) GTEST_SKIP() << "no shared data";
  const auto tokenizer = openTokenizer(file.string());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->vocabularySize(), 50277);
  EXPECT_EQ((*tokenizer)->endOfText(), 0u);
  EXPECT_EQ((*tokenizer)->name(), "gpt-neox-20b/tokenizer.json");
  bool isFound = false;
  for (const Json& group : groups()) {
    if (group["name"] != "gpt-neox-20b") continue;
    isFound = true;
    expectCases(**tokenizer, group);
  }
  EXPECT_TRUE(isFound);
}

TEST_F(Tokenizers, TokenizeWikiTextWithoutLoss) {
  const test::fs::path shared = test::sharedData();
  if (shared.empty()) GTEST_SKIP() << "no shared data";
  const auto tokenizer = openTokenizer((shared / "gpt-neox-20b" / "tokenizer.json").string());
  ASSERT_TRUE(tokenizer);
  // WikiText is NFC already, so decoding gives it back.
  std::string text = test::contentOf(shared / "wikitext-2" / "valid.txt");
  ASSERT_GT(text.size(), 1000000u);
  const std::vector<TokenId> ids = (*tokenizer)->encode(text);
  EXPECT_TRUE((*tokenizer)->decode(ids) == text);
  EXPECT_LT(ids.size(), text.size() / 3);
}

TEST_F(Tokenizers, GiveTheSameIdsInManyThreadsAtOnce) {
  const auto tokenizer = openTokenizer(fixture("tiny-tokenizer.json").string());
  ASSERT_TRUE(tokenizer);
  const Json cases = groups()[0]["cases"];
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        for (const Json& entry : cases)
          wrong[i] += (*tokenizer)->encode(entry["text"].get_ref<const std::string&>()) !=
                      entry["ids"].get<std::vector<TokenId>>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST_F(Tokenizers, ReadIllFormedUtf8AsReplacementCharacters) {
  const auto tokenizer = openTokenizer(fixture("tiny-tokenizer.json").string());
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ((*tokenizer)
                ->decode((*tokenizer)
                             ->encode("a\xFF"
                                      "b\xE2\x82"
                                      "c\xC0\xAF")),
            "a\uFFFD"
            "b\uFFFD"
            "c\uFFFD\uFFFD");
}

TEST_F(Tokenizers, DecodeAnAddedTokenToItsContent) {
  const auto tokenizer = openTokenizer(fixture("tiny-tokenizer.json").string());
  ASSERT_TRUE(tokenizer);
  const std::vector<TokenId> ids = (*tokenizer)->encode("<\u00e9>");
  ASSERT_EQ(ids.size(), 1u);
  EXPECT_EQ((*tokenizer)->decode(ids), "<e\u0301>");
  EXPECT_EQ((*tokenizer)->decode(std::vector<TokenId>{ids[0] + 1, 4000000000u}), "");
}

TEST_F(Tokenizers, HaveAFingerprintOfTheirContentAndNotOfTheirPlace) {
  const std::string content = tiny().dump();
  const auto one = openTokenizer(write("one.json", content).string());
  const auto two = openTokenizer(write("two.json", content).string());
  const auto other = openTokenizer(write("other.json", content + "\n").string());
  ASSERT_TRUE(one && two && other);
  EXPECT_EQ((*one)->fingerprint(), (*two)->fingerprint());
  EXPECT_NE((*one)->fingerprint(), (*other)->fingerprint());
  EXPECT_NE((*one)->fingerprint(), (*openTokenizer("byte"))->fingerprint());
}

TEST_F(Tokenizers, AreFoundInAFolder) {
  write("tokenizer.json", tiny().dump());
  ASSERT_TRUE(openTokenizer(folder().string()));
}

TEST_F(Tokenizers, TakeALongRunInNoMoreThanLinearithmicTime) {
  const auto tokenizer = openTokenizer(fixture("tiny-tokenizer.json").string());
  ASSERT_TRUE(tokenizer);
  // One piece of half a million symbols: a quadratic merge loop would take minutes.
  const std::string text(500000, 'e');
  EXPECT_EQ((*tokenizer)->decode((*tokenizer)->encode(text)), text);
}

TEST_F(BadTokenizerFile, IsNamedWhenItDoesNotExist) {
  test::expectError(openTokenizer((folder() / "none.json").string()), ErrorCode::NotFound, "none.json");
  test::expectError(openTokenizer(""), ErrorCode::NotFound, "\"byte\"");
}

TEST_F(BadTokenizerFile, IsRefusedWhenItIsNoJsonOrCutOff) {
  const std::string content = tiny().dump();
  for (const std::string& bad : {std::string(), std::string("hello"), std::string("[1, 2]"), std::string("\xFF\xFE{}"),
                                 content.substr(0, content.size() / 2), content.substr(0, content.size() - 1),
                                 content + "}", std::string(100000, '['), "{\"model\": " + std::string(100000, '{')}) {
    test::expectError(openTokenizer(write("bad.json", bad).string()), ErrorCode::Corrupt,
                      "is not a BPE tokenizer.json that Weft reads");
  }
}

struct Damage {
  const char* says;
  std::function<void(Json&)> apply;
};

TEST_F(BadTokenizerFile, IsRefusedWithTheReason) {
  const std::vector<Damage> damages{
      {"no \"model\"", [](Json& file) { file.erase("model"); }},
      {"no \"model\"", [](Json& file) { file["model"] = 7; }},
      {"not \"BPE\"", [](Json& file) { file["model"]["type"] = "WordPiece"; }},
      {"not \"BPE\"", [](Json& file) { file["model"]["type"] = 3; }},
      {"dropout", [](Json& file) { file["model"]["dropout"] = 0.1; }},
      {"dropout", [](Json& file) { file["model"]["dropout"] = "much"; }},
      {"continuing_subword_prefix", [](Json& file) { file["model"]["continuing_subword_prefix"] = "##"; }},
      {"end_of_word_suffix", [](Json& file) { file["model"]["end_of_word_suffix"] = "</w>"; }},
      {"not true or false", [](Json& file) { file["model"]["ignore_merges"] = "yes"; }},
      {"its normalizer is \"Lowercase\"",
       [](Json& file) {
         file["normalizer"] = {{"type", "Lowercase"}};
       }},
      {"its normalizer is", [](Json& file) { file["normalizer"] = "NFC"; }},
      {"no \"pre_tokenizer\"", [](Json& file) { file.erase("pre_tokenizer"); }},
      {"\"Whitespace\" step",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Whitespace"}};
       }},
      {"does not end with \"ByteLevel\"",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Digits"}};
       }},
      {"does not know its splitting pattern",
       [](Json& file) {
         file["pre_tokenizer"] = {
             {"type", "Sequence"},
             {"pretokenizers", {{{"type", "Split"}, {"pattern", {{"Regex", "\\d+"}}}, {"behavior", "Isolated"}}}}};
       }},
      {"without \"pretokenizers\"",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Sequence"}};
       }},
      {"its decoder is \"WordPiece\"",
       [](Json& file) {
         file["decoder"] = {{"type", "WordPiece"}};
       }},
      {"no \"vocab\"", [](Json& file) { file["model"].erase("vocab"); }},
      {"no \"vocab\"", [](Json& file) { file["model"]["vocab"] = Json::array(); }},
      {"the id of the token \"a\" is \"-1\"", [](Json& file) { file["model"]["vocab"]["a"] = -1; }},
      {"the id of the token \"a\" is", [](Json& file) { file["model"]["vocab"]["a"] = "66"; }},
      {"the id of the token \"a\" is", [](Json& file) { file["model"]["vocab"]["a"] = 1.5; }},
      {"the id of the token \"a\" is", [](Json& file) { file["model"]["vocab"]["a"] = 4000000000u; }},
      {"the id of the token \"a\" is", [](Json& file) { file["model"]["vocab"]["a"] = nullptr; }},
      {"have the same id", [](Json& file) { file["model"]["vocab"]["a"] = file["model"]["vocab"]["b"]; }},
      {"byte-level alphabet",
       [](Json& file) {
         file["model"]["vocab"]["two words"] = file["model"]["vocab"].size() + file["added_tokens"].size() - 2;
       }},
      {"no token for the byte 0x41",
       [](Json& file) {
         file["model"]["merges"] = Json::array();
         file["model"]["vocab"]["AA"] = file["model"]["vocab"]["A"];
         file["model"]["vocab"].erase("A");
       }},
      {"\"added_tokens\" are not a list", [](Json& file) { file["added_tokens"] = Json::object(); }},
      {"is not an object", [](Json& file) { file["added_tokens"].push_back(3); }},
      {"has no content", [](Json& file) { file["added_tokens"][0]["content"] = ""; }},
      {"has no content", [](Json& file) { file["added_tokens"][0].erase("content"); }},
      {"has no id", [](Json& file) { file["added_tokens"][0].erase("id"); }},
      {"not true or false", [](Json& file) { file["added_tokens"][0]["lstrip"] = 1; }},
      {"more than 1024 bytes", [](Json& file) { file["added_tokens"][0]["content"] = std::string(2000, 'x'); }},
      {"no \"merges\"", [](Json& file) { file["model"].erase("merges"); }},
      {"merge 1, \"abc\"", [](Json& file) { file["model"]["merges"][0] = "abc"; }},
      {"merge 1, \"a b c\"", [](Json& file) { file["model"]["merges"][0] = "a b c"; }},
      {"merge 1 is not a pair", [](Json& file) { file["model"]["merges"][0] = 3; }},
      {"merge 1 is not a pair",
       [](Json& file) {
         file["model"]["merges"][0] = {"a", 3};
       }},
      {"merge 1 needs the token",
       [](Json& file) {
         file["model"]["merges"][0] = {"q", "qqqq"};
       }},
  };
  for (const Damage& damage : damages) {
    Json file = tiny();
    damage.apply(file);
    SCOPED_TRACE(damage.says);
    const auto tokenizer = openTokenizer(write("bad.json", file.dump()).string());
    test::expectError(tokenizer, ErrorCode::Corrupt, damage.says);
    test::expectError(tokenizer, ErrorCode::Corrupt, "bad.json' is not a BPE tokenizer.json that Weft reads");
  }
}

Json characters() { return Json::parse(test::contentOf(fixture("characters.json"))); }

// What `tokenizers` makes of SentencePiece's files (Llama 1 and 2, TinyLlama, Mistral, Gemma) and their variants:
// tests/fixtures/tokenizer/make_characters.py.
TEST_F(Tokenizers, EqualHuggingFaceWithFilesOfCharactersThatFallBackToBytes) {
  const Json groups = Json::parse(test::contentOf(fixture("character-cases.json")));
  ASSERT_EQ(groups.size(), 13u);
  for (const Json& group : groups) {
    Json file = characters();
    file.update(group["replace"]);
    const auto tokenizer = openTokenizer(write("tokenizer.json", file.dump()).string());
    ASSERT_TRUE(tokenizer) << group["name"] << ": " << tokenizer.error().message;
    for (const Json& one : group["cases"]) {
      SCOPED_TRACE(group["name"].dump() + " " + one["text"].dump());
      const auto ids = one["ids"].get<std::vector<TokenId>>();
      EXPECT_EQ((*tokenizer)->encode(one["text"].get<std::string>()), ids);
      EXPECT_EQ((*tokenizer)->decode(ids), one["decoded"].get<std::string>());
    }
    EXPECT_EQ((*tokenizer)->prefix(), std::vector<TokenId>{1});
    EXPECT_EQ((*tokenizer)->endOfText(), 2u);
  }
}

TEST_F(Tokenizers, OfCharactersTakeALongTextWithoutLoss) {
  const auto tokenizer = openTokenizer(write("tokenizer.json", characters().dump()).string());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  std::string text;
  for (int i = 0; i < 60000; ++i) text += i % 7 == 0 ? "  hello w\u1ec7 \U0001F642\n" : "hello ";
  EXPECT_EQ((*tokenizer)->decode((*tokenizer)->encode(text)), text);
}

TEST_F(BadTokenizerFile, OfCharactersIsRefusedWithTheReason) {
  const std::vector<Damage> damages{
      {"has no token <0x41>",
       [](Json& file) {
         file["model"]["vocab"]["A"] = file["model"]["vocab"]["<0x41>"];
         file["model"]["vocab"].erase("<0x41>");
       }},
      {"would be lost",
       [](Json& file) {
         file["model"]["byte_fallback"] = false;
         file["model"]["unk_token"] = nullptr;
       }},
      {"its normalizer is \"NFKC\"",
       [](Json& file) {
         file["normalizer"] = {{"type", "NFKC"}};
       }},
      {"its normalizer is \"Replace\"",
       [](Json& file) {
         file["normalizer"] = {{"type", "Replace"}, {"pattern", {{"Regex", " "}}}, {"content", "x"}};
       }},
      {"its decoder has a \"WordPiece\" step",
       [](Json& file) {
         file["decoder"] = {{"type", "WordPiece"}};
       }},
      {"no decoder", [](Json& file) { file["decoder"] = nullptr; }},
      {"\"Whitespace\" step",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Whitespace"}};
       }},
      {"prepend_scheme",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "often"}};
       }},
      {"no character as replacement",
       [](Json& file) {
         file["pre_tokenizer"] = {{"type", "Metaspace"}};
       }},
  };
  for (const Damage& damage : damages) {
    Json file = characters();
    damage.apply(file);
    SCOPED_TRACE(damage.says);
    test::expectError(openTokenizer(write("bad.json", file.dump()).string()), ErrorCode::Corrupt, damage.says);
  }
}

// tokenizers 0.23.3: a vocabulary may have holes; an added token that is not in it gets the next free id, not its own.
TEST_F(Tokenizers, ReadIdsWithHolesAsHuggingFaceDoes) {
  Json file = tiny();
  const auto plain = openTokenizer(fixture("tiny-tokenizer.json").string());
  const auto size = static_cast<TokenId>((*plain)->vocabularySize());
  file["added_tokens"].push_back({{"id", 5000}, {"content", "<pad>"}, {"special", true}});
  file["added_tokens"].push_back({{"id", 6000}, {"content", "<more>"}, {"special", true}});
  file["added_tokens"].push_back({{"id", 7000}, {"content", "<pad>"}, {"special", true}});
  const auto added = openTokenizer(write("added.json", file.dump()).string());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ((*added)->encode("<more><pad>"), (std::vector<TokenId>{size + 1, size}));
  EXPECT_EQ((*added)->vocabularySize(), size + 2);

  Json hole = tiny();
  hole["model"]["vocab"]["a"] = 5000;
  const auto holed = openTokenizer(write("hole.json", hole.dump()).string());
  ASSERT_TRUE(holed) << holed.error().message;
  EXPECT_EQ((*holed)->encode("aq").front(), 5000u);
  EXPECT_EQ((*holed)->decode(std::vector<TokenId>{5000}), "a");
  EXPECT_EQ((*holed)->vocabularySize(), 5001);
}

TEST_F(BadTokenizerFile, IsNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder() / "tokenizer.json").c_str(), 0600), 0);
  test::expectError(openTokenizer(folder().string()), ErrorCode::InvalidInput, "is a pipe, not a file");
}

TEST_F(BadTokenizerFile, NoneAtAllSaysThatIdsWork) {
  test::expectError(openTokenizer("none"), ErrorCode::InvalidInput, "no tokenizer that Weft reads");
}

}  // namespace
}  // namespace weft::data
