// engine/data/bpe_tokenizer.h -- BPE after a Hugging Face tokenizer.json, byte-level (GPT-2, GPT-NeoX, Llama 3, Qwen 2
// and 3 and their like) or of characters with bytes to fall back to, as SentencePiece's files become (Llama 1 and 2,
// TinyLlama, Mistral, Gemma): the ids of `tokenizers`' encode(text, add_special_tokens=False); what the post-processor
// would put in front is prefix(). Text travels: added tokens as written -> NFC -> added tokens, normalised -> splitters
// -> merges; of characters: added tokens as written -> normaliser's steps -> added tokens, normalised -> Metaspace ->
// merges. Input that is not UTF-8 is read with U+FFFD for each ill-formed sequence. An added token decodes to its
// content. Equal to `tokenizers` 0.23 on every code point, on random texts and on 16,000 documents:
// tests/fixtures/tokenizer/compare_documents.py.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine/data/added_token_matcher.h"
#include "engine/data/bpe_definition.h"
#include "engine/data/merge_table.h"
#include "engine/data/tokenizer.h"

namespace weft::data {

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(BpeDefinition definition, std::string name, std::string fingerprint);
  ~BpeTokenizer() override;

  std::vector<TokenId> encode(std::string_view utf8) const override;
  std::string decode(std::span<const TokenId> ids) const override;
  std::vector<TokenId> prefix() const override { return m_definition.prefix; }
  std::int64_t vocabularySize() const override { return static_cast<std::int64_t>(m_definition.tokens.size()); }
  std::optional<TokenId> endOfText() const override { return m_endOfText; }
  std::string name() const override { return m_name; }
  std::string fingerprint() const override { return m_fingerprint; }

 private:
  struct WordCache;
  struct Encoding;
  class CacheLease;
  void encodeStretch(std::string_view normalized, Encoding& encoding) const;
  void encodeCharacters(std::string_view normalized, bool isFirst, Encoding& encoding) const;
  void encodeWords(std::string_view text, Encoding& encoding) const;
  void encodeMetaspace(std::string_view text, bool isFirst, Encoding& encoding) const;
  void beginWithCharacters(std::string_view word, std::vector<TokenId>& ids) const;
  std::string decodeCharacters(std::span<const TokenId> ids) const;
  void encodePieces(std::string_view text, std::size_t splitter, Encoding& encoding) const;
  void encodeWord(std::string_view word, Encoding& encoding) const;

  const BpeDefinition m_definition;
  const std::string m_name, m_fingerprint;
  std::optional<TokenId> m_endOfText;
  TokenId m_byteTokens[256] = {};
  // Only of characters and if merges are ignored; views into m_definition.
  std::unordered_map<std::string_view, TokenId> m_wholeWords;
  std::string m_wordMark;                             // before it a long piece may be cut; "" where it may not
  std::unordered_map<TokenId, char> m_bytesOfTokens;  // "<0x0A>": what it is decoded to
  MergeTable m_merges;
  AddedTokenMatcher m_writtenTokens, m_normalizedTokens;

  // Caches that no encode() uses at the moment: as many as there ever were threads encoding at once.
  mutable std::mutex m_mutex;
  mutable std::vector<std::unique_ptr<WordCache>> m_idleCaches;
};

}  // namespace weft::data
