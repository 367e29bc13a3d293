#include "engine/data/token_shard.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/data/test_files.h"

namespace weft::data {
namespace {

using TokenShards = test::DataTest;
namespace fs = std::filesystem;

std::vector<TokenId> someIds(std::size_t count, TokenId vocabulary) {
  std::vector<TokenId> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<TokenId>((i * 2654435761u + 12345u) % vocabulary);
  return ids;
}

fs::path writeShard(const fs::path& path, const std::vector<TokenId>& ids, std::int64_t vocabulary) {
  auto writer = TokenShardWriter::create(path, vocabulary);
  EXPECT_TRUE(writer);
  EXPECT_TRUE(writer->append(std::span(ids).first(ids.size() / 3)));
  EXPECT_TRUE(writer->append(std::span(ids).subspan(ids.size() / 3)));
  EXPECT_EQ(writer->size(), static_cast<std::int64_t>(ids.size()));
  EXPECT_TRUE(writer->finish());
  return path;
}

TEST_F(TokenShards, GiveBackWhatWasWritten) {
  for (const auto& [vocabulary, width] :
       {std::pair<TokenId, std::size_t>{257, 2}, {65536, 2}, {65537, 4}, {1000000, 4}}) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{200001}}) {
      std::vector<TokenId> ids = someIds(count, vocabulary);
      if (count > 2) ids[2] = vocabulary - 1;
      const fs::path path = writeShard(folder() / "a.bin", ids, vocabulary);
      EXPECT_EQ(fs::file_size(path), 40 + count * width);
      const auto shard = TokenShard::open(path);
      ASSERT_TRUE(shard) << shard.error().message;
      EXPECT_TRUE(shard->verify());
      ASSERT_EQ(shard->size(), static_cast<std::int64_t>(count));
      EXPECT_EQ(shard->vocabularySize(), vocabulary);
      std::vector<std::int64_t> out(count);
      shard->copy(0, out);
      EXPECT_TRUE(std::equal(out.begin(), out.end(), ids.begin()));
      if (count < 7) continue;
      EXPECT_EQ((*shard)[5], ids[5]);
      std::vector<std::int64_t> middle(3);
      shard->copy(static_cast<std::int64_t>(count) - 3, middle);
      EXPECT_EQ(middle[2], ids[count - 1]);
    }
  }
}

TEST_F(TokenShards, AreNotThereBeforeTheyAreFinished) {
  const fs::path path = folder() / "a.bin";
  {
    auto writer = TokenShardWriter::create(path, 257);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append(someIds(1000, 257)));
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_TRUE(fs::is_empty(folder()));
}

TEST_F(TokenShards, RefuseIdsOutsideTheVocabulary) {
  auto writer = TokenShardWriter::create(folder() / "a.bin", 257);
  ASSERT_TRUE(writer);
  test::expectError(writer->append(std::vector<TokenId>{1, 257}), ErrorCode::InvalidInput, "257");
  test::expectError(TokenShardWriter::create(folder() / "b.bin", 0), ErrorCode::InvalidInput, "vocabulary of 0");
  test::expectError(TokenShardWriter::create(folder() / "none" / "b.bin", 9), ErrorCode::Io, "none");
}

TEST_F(TokenShards, AreRefusedWhenDamaged) {
  const std::vector<TokenId> ids = someIds(100, 257);
  const std::string whole = test::contentOf(writeShard(folder() / "a.bin", ids, 257));
  const auto opened = [&](std::string content) { return TokenShard::open(write("bad.bin", content)); };
  const auto with = [&](std::size_t at, char byte) {
    std::string content = whole;
    content[at] = byte;
    return content;
  };
  test::expectError(TokenShard::open(folder() / "none.bin"), ErrorCode::NotFound, "none.bin");
  test::expectError(TokenShard::open(folder()), ErrorCode::InvalidInput, "not a file");
  test::expectError(opened(""), ErrorCode::Corrupt, "0 bytes");
  test::expectError(opened(whole.substr(0, 39)), ErrorCode::Corrupt, "39 bytes");
  test::expectError(opened(std::string(200, 'x')), ErrorCode::Corrupt, "WEFTTOK1");
  test::expectError(opened(with(7, '2')), ErrorCode::NewerVersion, "newer");
  test::expectError(opened(with(7, 'x')), ErrorCode::Corrupt, "version");
  test::expectError(opened(with(8, 3)), ErrorCode::Corrupt, "3 bytes a token");
  test::expectError(opened(with(12, 1)), ErrorCode::Corrupt, "reserved");
  test::expectError(opened(with(16, 101)), ErrorCode::Corrupt, "truncated");
  test::expectError(opened(with(23, '\x80')), ErrorCode::Corrupt, "truncated");
  test::expectError(opened(with(31, 1)), ErrorCode::Corrupt, "vocabulary");
  test::expectError(opened(whole.substr(0, whole.size() - 1)), ErrorCode::Corrupt, "truncated");
  test::expectError(opened(whole + "xx"), ErrorCode::Corrupt, "truncated");
}

TEST_F(TokenShards, NoticeAFlippedBitWhenVerified) {
  std::string content = test::contentOf(writeShard(folder() / "a.bin", someIds(100, 257), 257));
  content[100] = static_cast<char>(content[100] ^ 1);
  const auto shard = TokenShard::open(write("bad.bin", content));
  ASSERT_TRUE(shard);
  test::expectError(shard->verify(), ErrorCode::Corrupt, "hash");
}

}  // namespace
}  // namespace weft::data
