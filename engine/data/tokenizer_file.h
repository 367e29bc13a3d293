// engine/data/tokenizer_file.h -- a tokenizer of ours as the tokenizer.json that goes along with an exported model.
#pragma once

#include <optional>
#include <string>

#include "engine/data/tokenizer.h"

namespace weft::data {

struct TokenizerFile {
  std::string json;
  std::optional<TokenId> endOfTextId;
  std::string endOfText;  // its content, "<|endoftext|>"
};

// As openTokenizer() takes it: a file is given back as it is; of "byte" one is made, byte-level BPE without merges,
// whose ids are the bytes and 256 for <|endoftext|>. Errors of openTokenizer.
[[nodiscard]] Result<TokenizerFile> tokenizerFile(const std::string& nameOrPath);

}  // namespace weft::data
