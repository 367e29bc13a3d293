// engine/data/tokenizer.h -- text <-> token ids. Implementations are immutable and safe to share between threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/run_config.h"

namespace weft::data {

using TokenId = std::uint32_t;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::vector<TokenId> encode(std::string_view utf8) const = 0;
  // Bytes of the tokens; unknown ids give nothing. The result may end inside a UTF-8 sequence.
  virtual std::string decode(std::span<const TokenId> ids) const = 0;
  // What the tokenizer's own file puts before every text (Llama 3: begin-of-text; mostly nothing). encode() does not:
  // corpora are cut and joined.
  virtual std::vector<TokenId> prefix() const { return {}; }
  virtual std::int64_t vocabularySize() const = 0;       // largest id + 1
  virtual std::optional<TokenId> endOfText() const = 0;  // separates documents in a shard
  virtual std::string name() const = 0;                  // "byte", "gpt-neox-20b/tokenizer.json"
  virtual std::string fingerprint() const = 0;           // content hash: equal = equal ids
};

// What data.tokenizer says where a model came without a tokenizer, or with one that is not read: only ids work.
inline constexpr const char* kNoTokenizer = config::kNoTokenizer;

// "byte" (256 bytes + end-of-text = 257 ids), or the path of a Hugging Face tokenizer.json with BPE (bpe_tokenizer.h).
// InvalidInput for kNoTokenizer.
// NotFound; Corrupt "… is not a BPE tokenizer.json that Weft reads: …" for anything else.
[[nodiscard]] Result<std::shared_ptr<const Tokenizer>> openTokenizer(const std::string& nameOrPath);

}  // namespace weft::data
