// Files from outside must not crash or be taken for something else: thousands of damaged ones, from a fixed seed. Run it under ASan to see more.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/data/bpe_definition.h"
#include "engine/data/bpe_tokenizer.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/token_shard.h"
#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using Mutations = test::DataTest;

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : m_random(seed) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(m_random() % limit); }

  std::string mutate(std::string content) {
    const std::size_t times = 1 + below(4);
    for (std::size_t i = 0; i < times && !content.empty(); ++i) {
      const std::size_t at = below(content.size());
      switch (below(6)) {
        case 0:
          content[at] = static_cast<char>(below(256));
          break;
        case 1:
          content[at] = kMarks[below(sizeof(kMarks) - 1)];
          break;
        case 2:
          content.erase(at, 1 + below(20));
          break;
        case 3:
          content.insert(at, content.substr(below(content.size()), 1 + below(30)));
          break;
        case 4:
          content.insert(at, 1, kMarks[below(sizeof(kMarks) - 1)]);
          break;
        default:
          if (below(4) == 0) content.resize(at);
          break;
      }
    }
    return content;
  }

 private:
  static constexpr char kMarks[] = "{}[]\",:\\0123456789-.e ntf\n\xC3\xFF";
  std::mt19937_64 m_random;
};

TEST_F(Mutations, OfATokenizerFileAreRefusedOrWork) {
  const std::string whole = test::contentOf(test::fixture("tiny-tokenizer.json"));
  const std::string text = "The weaver's   <|endoftext|> cafe\u0301 \U0001F642 1234\n\n  KEYWORD <L> x";
  Mutator mutator(1);
  int refused = 0;
  constexpr int kRounds = 1500;
  for (int i = 0; i < kRounds; ++i) {
    auto definition = parseBpeDefinition(mutator.mutate(whole), "mutated.json");
    if (!definition) {
      ++refused;
      EXPECT_EQ(definition.error().code, ErrorCode::Corrupt);
      EXPECT_EQ(definition.error().message.rfind("'mutated.json' is not a byte-level BPE tokenizer.json: ", 0), 0u);
      continue;
    }
    const BpeTokenizer tokenizer(std::move(*definition), "mutated", "mutated");
    for (const TokenId id : tokenizer.encode(text)) ASSERT_LT(static_cast<std::int64_t>(id), tokenizer.vocabularySize());
    (void)tokenizer.decode(tokenizer.encode(text));
  }
  EXPECT_GT(refused, kRounds / 2);
  EXPECT_LT(refused, kRounds);
}

TEST_F(Mutations, OfACorpusGiveDocumentsOrOneSentence) {
  const std::string whole =
      "{\"text\": \"one \\u00e9\\n\", \"meta\": {\"a\": [1, -2.5e3, null, true]}}\n{\"text\": \"caf\u00e9 \\ud83d\\ude42\"}\n\n{\"x\": {}, \"text\": "
      "\"three\"}\n";
  Mutator mutator(2);
  int refused = 0;
  constexpr int kRounds = 3000;
  for (int i = 0; i < kRounds; ++i) {
    const auto file = write("a.jsonl", mutator.mutate(whole));
    const auto result = readDocuments(file, [](std::string&&) { return true; });
    if (result) continue;
    ++refused;
    test::expectError(result, ErrorCode::Corrupt, "line ");
  }
  EXPECT_GT(refused, kRounds / 4);
  EXPECT_LT(refused, kRounds);
}

TEST_F(Mutations, OfACompressedCorpusGiveDocumentsOrOneSentence) {
  Mutator mutator(3);
  // A zstd frame of one raw block: {"text": "abc"}\n, so that its bytes stand open to damage.
  std::string whole("\x28\xB5\x2F\xFD\x20\x10\x81\x00\x00", 9);
  whole += "{\"text\": \"abc\"}\n";
  int taken = 0;
  ASSERT_TRUE(readDocuments(write("a.jsonl.zst", whole), [&](std::string&&) { return ++taken > 0; }));
  ASSERT_EQ(taken, 1);
  for (int i = 0; i < 3000; ++i) {
    const auto result = readDocuments(write("a.jsonl.zst", mutator.mutate(whole)), [](std::string&&) { return true; });
    if (!result) test::expectError(result, ErrorCode::Corrupt, "line ");
  }
}

TEST_F(Mutations, OfAShardAreRefusedOrRead) {
  {
    auto writer = TokenShardWriter::create(folder() / "a.bin", 257);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(std::vector<TokenId>{1, 2, 3, 4, 256, 6, 7, 8, 9}));
    ASSERT_TRUE(writer->finish());
  }
  const std::string whole = test::contentOf(folder() / "a.bin");
  Mutator mutator(4);
  int opened = 0, whole_ = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string content = mutator.mutate(whole);
    const auto shard = TokenShard::open(write("bad.bin", content));
    if (!shard) continue;
    ++opened;
    std::vector<std::int64_t> ids(static_cast<std::size_t>(shard->size()));
    shard->copy(0, ids);
    // Whatever passes the hash has the tokens that were written.
    if (shard->verify()) {
      ++whole_;
      EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3, 4, 256, 6, 7, 8, 9}));
    }
  }
  EXPECT_GT(opened, 100);
  EXPECT_GT(whole_, 0);
  EXPECT_LT(whole_, opened);
}

}  // namespace
}  // namespace weft::data
