#include "engine/data/tokenizer_file.h"

#include <nlohmann/json.hpp>

#include "engine/base/files.h"
#include "engine/data/bpe_definition.h"

namespace weft::data {

namespace {

using Json = nlohmann::ordered_json;

std::string byteTokenizer(TokenId endOfText) {
  Json vocabulary = Json::object();
  for (int byte = 0; byte < 256; ++byte) vocabulary[byteLevelCharacter(static_cast<unsigned char>(byte))] = byte;
  const Json level{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  return Json{{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens",
               {{{"id", endOfText},
                 {"content", "<|endoftext|>"},
                 {"single_word", false},
                 {"lstrip", false},
                 {"rstrip", false},
                 {"normalized", false},
                 {"special", true}}}},
              {"normalizer", nullptr},
              {"pre_tokenizer", level},
              {"post_processor", nullptr},
              {"decoder", level},
              {"model",
               {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"vocab", vocabulary},
                {"merges", Json::array()}}}}
      .dump(1);
}

}  // namespace

Result<TokenizerFile> tokenizerFile(const std::string& nameOrPath) {
  WEFT_ASSIGN(const std::shared_ptr<const Tokenizer> tokenizer, openTokenizer(nameOrPath));
  TokenizerFile file{.json = {}, .endOfTextId = tokenizer->endOfText(), .endOfText = {}};
  if (nameOrPath == "byte") {
    file.json = byteTokenizer(*tokenizer->endOfText());
    file.endOfText = "<|endoftext|>";
    return file;
  }
  std::error_code error;
  const std::filesystem::path path = nameOrPath;
  WEFT_ASSIGN(file.json, readFile(std::filesystem::is_directory(path, error) ? path / "tokenizer.json" : path));
  if (file.endOfTextId) file.endOfText = tokenizer->decode(std::vector<TokenId>{*file.endOfTextId});
  return file;
}

}  // namespace weft::data
