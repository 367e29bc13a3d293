// engine/data/token_shard.h -- token ids on disk, memory-mapped. Little endian:
//   "WEFTTOK1", u32 bytes per token (2 or 4), u32 reserved 0, u64 token count, u64 vocabulary size, u64 xxh3 of the
//   tokens, then the ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "engine/base/result.h"
#include "engine/data/tokenizer.h"

namespace weft::data {

class TokenShard {
 public:
  // Checks header and length (not the hash). NotFound, Corrupt.
  [[nodiscard]] static Result<TokenShard> open(const std::filesystem::path& path);
  [[nodiscard]] Result<void> verify() const;  // reads all and compares the hash
  TokenShard(TokenShard&&) noexcept;
  TokenShard& operator=(TokenShard&&) noexcept;
  ~TokenShard();

  std::int64_t size() const;
  std::int64_t vocabularySize() const;
  std::uint64_t hash() const;  // xxh3 of the tokens, as the header says; verify() compares
  TokenId operator[](std::int64_t index) const;
  // out[i] = token[offset + i]; offset + out.size() <= size().
  void copy(std::int64_t offset, std::span<std::int64_t> out) const;

 private:
  struct Mapping;
  explicit TokenShard(std::unique_ptr<Mapping> mapping);
  std::unique_ptr<Mapping> m_mapping;
};

// Writes a shard piece by piece; nothing is at `path` before finish() renamed it there.
class TokenShardWriter {
 public:
  [[nodiscard]] static Result<TokenShardWriter> create(const std::filesystem::path& path, std::int64_t vocabularySize);
  TokenShardWriter(TokenShardWriter&&) noexcept;
  ~TokenShardWriter();  // removes the unfinished file
  [[nodiscard]] Result<void> append(std::span<const TokenId> ids);
  [[nodiscard]] Result<void> finish();
  std::int64_t size() const;

 private:
  struct State;
  explicit TokenShardWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> m_state;
};

}  // namespace weft::data
