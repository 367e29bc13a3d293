#include "engine/data/bpe_tokenizer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/data/nfc.h"
#include "engine/data/utf8.h"

namespace weft::data {
namespace {

std::vector<std::pair<AddedToken, std::string>> tokensToMatch(const BpeDefinition& definition, bool isNormalized) {
  std::vector<std::pair<AddedToken, std::string>> tokens;
  for (const AddedToken& token : definition.addedTokens) {
    if (token.isNormalized != isNormalized) continue;
    tokens.emplace_back(token, isNormalized && definition.normalizesToNfc ? toNfc(token.content) : token.content);
  }
  // Of two that match the same text a special one wins.
  std::stable_partition(tokens.begin(), tokens.end(), [](const auto& token) { return token.first.isSpecial; });
  return tokens;
}

std::optional<TokenId> findEndOfText(const BpeDefinition& definition) {
  for (const char* name :
       {"<|endoftext|>", "<|end_of_text|>", "<|end▁of▁sentence|>", "</s>", "<eos>", "<|eot_id|>", "<|im_end|>"}) {
    for (const AddedToken& token : definition.addedTokens) {
      if (token.content == name) return token.id;
    }
  }
  return std::nullopt;
}

}  // namespace

// The ids of recent short pieces: direct-mapped, so that its size is fixed and a hostile text can only make it useless.
struct BpeTokenizer::WordCache {
  struct Slot {
    std::uint8_t length = 0, count = 0;
    std::array<char, 22> bytes{};
    std::array<TokenId, 10> ids{};
  };
  static_assert(sizeof(Slot) == 64, "one cache line");
  std::vector<Slot> slots = std::vector<Slot>(1 << 14);

  static bool fits(std::string_view word) { return word.size() <= 22; }
  Slot& slotOf(std::string_view word) { return slots[XXH3_64bits(word.data(), word.size()) & (slots.size() - 1)]; }
};

struct BpeTokenizer::Encoding {
  std::vector<TokenId> ids;
  std::vector<TokenId> word;  // scratch
  WordCache& cache;
};

class BpeTokenizer::CacheLease {
 public:
  explicit CacheLease(const BpeTokenizer& owner) : m_owner(owner) {
    const std::lock_guard lock(owner.m_mutex);
    if (!owner.m_idleCaches.empty()) {
      m_cache = std::move(owner.m_idleCaches.back());
      owner.m_idleCaches.pop_back();
    } else {
      m_cache = std::make_unique<WordCache>();
    }
  }
  ~CacheLease() {
    const std::lock_guard lock(m_owner.m_mutex);
    m_owner.m_idleCaches.push_back(std::move(m_cache));
  }
  CacheLease(const CacheLease&) = delete;
  CacheLease& operator=(const CacheLease&) = delete;
  WordCache& cache() { return *m_cache; }

 private:
  const BpeTokenizer& m_owner;
  std::unique_ptr<WordCache> m_cache;
};

BpeTokenizer::BpeTokenizer(BpeDefinition definition, std::string name, std::string fingerprint)
    : m_definition(std::move(definition)),
      m_name(std::move(name)),
      m_fingerprint(std::move(fingerprint)),
      m_endOfText(findEndOfText(m_definition)),
      m_merges(m_definition.merges),
      m_writtenTokens(tokensToMatch(m_definition, false)),
      m_normalizedTokens(tokensToMatch(m_definition, true)) {
  for (TokenId id = 0; id < m_definition.tokens.size(); ++id) {
    const std::string& bytes = m_definition.tokens[id];
    if (!m_definition.isInModel[id]) continue;
    if (bytes.size() == 1) m_byteTokens[static_cast<unsigned char>(bytes[0])] = id;
    if (m_definition.ignoresMerges) m_wholeWords.emplace(bytes, id);
  }
}

BpeTokenizer::~BpeTokenizer() = default;

std::vector<TokenId> BpeTokenizer::encode(std::string_view utf8) const {
  std::string repaired;
  if (!isValidUtf8(utf8)) {
    repaired = utf8;
    replaceInvalidUtf8(repaired);
    utf8 = repaired;
  }
  CacheLease lease(*this);
  Encoding encoding{.cache = lease.cache()};
  encoding.ids.reserve(utf8.size() / 3);
  m_writtenTokens.split(utf8, [&](std::string_view stretch, std::optional<TokenId> id) {
    if (id) {
      encoding.ids.push_back(*id);
    } else if (m_definition.normalizesToNfc && !isAscii(stretch)) {
      encodeStretch(toNfc(stretch), encoding);
    } else {
      encodeStretch(stretch, encoding);
    }
  });
  return std::move(encoding.ids);
}

void BpeTokenizer::encodeStretch(std::string_view normalized, Encoding& encoding) const {
  m_normalizedTokens.split(normalized, [&](std::string_view text, std::optional<TokenId> id) {
    if (id) {
      encoding.ids.push_back(*id);
    } else if (m_definition.addsPrefixSpace && text.front() != ' ') {
      encodePieces(" " + std::string(text), 0, encoding);
    } else {
      encodePieces(text, 0, encoding);
    }
  });
}

void BpeTokenizer::encodePieces(std::string_view text, std::size_t splitter, Encoding& encoding) const {
  if (splitter == m_definition.splitters.size()) {
    encodeWord(text, encoding);
    return;
  }
  while (!text.empty()) {
    const std::size_t length = firstPiece(m_definition.splitters[splitter], text);
    encodePieces(text.substr(0, length), splitter + 1, encoding);
    text.remove_prefix(length);
  }
}

void BpeTokenizer::encodeWord(std::string_view word, Encoding& encoding) const {
  WordCache::Slot* slot = WordCache::fits(word) ? &encoding.cache.slotOf(word) : nullptr;
  if (slot && slot->length == word.size() && std::memcmp(slot->bytes.data(), word.data(), word.size()) == 0) {
    encoding.ids.insert(encoding.ids.end(), slot->ids.begin(), slot->ids.begin() + slot->count);
    return;
  }
  encoding.word.clear();
  const auto whole = m_definition.ignoresMerges ? m_wholeWords.find(word) : m_wholeWords.end();
  if (whole != m_wholeWords.end()) {
    encoding.word.push_back(whole->second);
  } else {
    for (const char byte : word) encoding.word.push_back(m_byteTokens[static_cast<unsigned char>(byte)]);
    m_merges.apply(encoding.word);
  }
  encoding.ids.insert(encoding.ids.end(), encoding.word.begin(), encoding.word.end());
  if (slot && encoding.word.size() <= slot->ids.size()) {
    slot->length = static_cast<std::uint8_t>(word.size());
    slot->count = static_cast<std::uint8_t>(encoding.word.size());
    std::memcpy(slot->bytes.data(), word.data(), word.size());
    std::copy(encoding.word.begin(), encoding.word.end(), slot->ids.begin());
  }
}

std::string BpeTokenizer::decode(std::span<const TokenId> ids) const {
  std::string bytes;
  for (const TokenId id : ids) {
    if (id < m_definition.tokens.size()) bytes += m_definition.tokens[id];
  }
  return bytes;
}

}  // namespace weft::data
