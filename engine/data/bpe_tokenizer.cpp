#include "engine/data/bpe_tokenizer.h"

#include <unicode/utf8.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/data/nfc.h"
#include "engine/data/python_text.h"
#include "engine/data/utf8.h"

namespace weft::data {
namespace {

std::vector<std::pair<AddedToken, std::string>> tokensToMatch(const BpeDefinition& definition, bool isNormalized) {
  std::vector<std::pair<AddedToken, std::string>> tokens;
  for (const AddedToken& token : definition.addedTokens) {
    if (token.isNormalized != isNormalized) continue;
    const bool isChanged = isNormalized && definition.normalizesToNfc;
    tokens.emplace_back(token, isChanged      ? toNfc(token.content)
                               : isNormalized ? normalized(token.content, definition.normalizer)
                                              : token.content);
  }
  // Of two that match the same text a special one wins.
  std::stable_partition(tokens.begin(), tokens.end(), [](const auto& token) { return token.first.isSpecial; });
  return tokens;
}

// The mark of a blank, where no token goes on with one after something else, as SentencePiece makes them: no merge then
// crosses the beginning of a word, and a long text need not be one piece. "" where one does.
std::string wordMark(const BpeDefinition& definition) {
  std::string mark = definition.metaspace ? definition.metaspace->mark : "";
  for (const NormalizerStep& step : definition.normalizer) {
    if (step.kind == NormalizerStep::Kind::Replace && step.from == " ") mark = step.to;
  }
  if (mark.empty()) return mark;
  for (const auto& [token, id] : definition.modelTokens) {
    std::string_view rest = token;
    while (rest.starts_with(mark)) rest.remove_prefix(mark.size());
    if (rest.find(mark) != std::string_view::npos) return {};
  }
  return mark;
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
  const bool isOfBytes = m_definition.alphabet == Alphabet::Bytes;
  for (const auto& [bytes, id] : m_definition.modelTokens) {
    if (isOfBytes && bytes.size() == 1) m_byteTokens[static_cast<unsigned char>(bytes[0])] = id;
    if (!isOfBytes || m_definition.ignoresMerges) m_wholeWords.emplace(bytes, id);
  }
  if (isOfBytes) return;
  m_wordMark = wordMark(m_definition);
  if (!m_wholeWords.contains(m_wordMark)) m_wordMark.clear();
  for (int byte = 0; byte < 256; ++byte) {
    const std::string token = byteFallbackToken(static_cast<unsigned char>(byte));
    const auto found = m_wholeWords.find(token);
    if (found == m_wholeWords.end()) continue;
    if (m_definition.fallsBackToBytes) m_byteTokens[byte] = found->second;
    if (m_definition.decoder.joinsBytes) m_bytesOfTokens.emplace(found->second, static_cast<char>(byte));
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
    } else if (m_definition.alphabet == Alphabet::Characters) {
      encodeCharacters(normalized(stretch, m_definition.normalizer), stretch.data() == utf8.data(), encoding);
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

void BpeTokenizer::encodeCharacters(std::string_view normalized, bool isFirst, Encoding& encoding) const {
  m_normalizedTokens.split(normalized, [&](std::string_view text, std::optional<TokenId> id) {
    if (id) {
      encoding.ids.push_back(*id);
    } else if (m_definition.metaspace) {
      encodeMetaspace(text, isFirst && text.data() == normalized.data(), encoding);
    } else {
      encodeWords(text, encoding);
    }
  });
}

void BpeTokenizer::encodeWords(std::string_view text, Encoding& encoding) const {
  std::size_t begin = 0;
  for (std::size_t at = m_wordMark.empty() ? std::string_view::npos : text.find(m_wordMark);
       at != std::string_view::npos; at = text.find(m_wordMark, at + m_wordMark.size())) {
    if (at == begin || text.substr(0, at).ends_with(m_wordMark)) continue;
    encodeWord(text.substr(begin, at - begin), encoding);
    begin = at;
  }
  encodeWord(text.substr(begin), encoding);
}

void BpeTokenizer::encodeMetaspace(std::string_view text, bool isFirst, Encoding& encoding) const {
  const Metaspace& metaspace = *m_definition.metaspace;
  std::string marked = replaceAll(text, " ", metaspace.mark);
  const bool wantsPrefix =
      metaspace.prefix == Metaspace::Prefix::Always || (metaspace.prefix == Metaspace::Prefix::First && isFirst);
  if (wantsPrefix && !marked.starts_with(metaspace.mark)) marked.insert(0, metaspace.mark);
  std::size_t begin = 0;
  if (!metaspace.splits) return encodeWords(marked, encoding);
  for (;;) {
    const std::size_t next = marked.find(metaspace.mark, begin + 1);
    if (next == std::string::npos) break;
    encodeWord(std::string_view(marked).substr(begin, next - begin), encoding);
    begin = next;
  }
  encodeWord(std::string_view(marked).substr(begin), encoding);
}

// The characters of a word as tokens, before merges.
void BpeTokenizer::beginWithCharacters(std::string_view word, std::vector<TokenId>& ids) const {
  bool wasUnknown = false;
  for (std::size_t at = 0; at < word.size();) {
    std::size_t next = at;
    UChar32 code = 0;
    U8_NEXT(reinterpret_cast<const std::uint8_t*>(word.data()), next, word.size(), code);
    const std::string_view character = word.substr(at, next - at);
    const auto found = m_wholeWords.find(character);
    const bool isUnknown = found == m_wholeWords.end() && !m_definition.fallsBackToBytes;
    if (found != m_wholeWords.end()) {
      ids.push_back(found->second);
    } else if (m_definition.fallsBackToBytes) {
      for (const char byte : character) ids.push_back(m_byteTokens[static_cast<unsigned char>(byte)]);
    } else if (!(wasUnknown && m_definition.fusesUnknown)) {
      ids.push_back(*m_definition.unknown);
    }
    wasUnknown = isUnknown;
    at = next;
  }
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
    if (m_definition.alphabet == Alphabet::Characters) {
      beginWithCharacters(word, encoding.word);
    } else {
      for (const char byte : word) encoding.word.push_back(m_byteTokens[static_cast<unsigned char>(byte)]);
    }
    m_merges.apply(encoding.word);
  }
  encoding.ids.insert(encoding.ids.end(), encoding.word.begin(), encoding.word.end());
  if (slot && !word.empty() && encoding.word.size() <= slot->ids.size()) {
    slot->length = static_cast<std::uint8_t>(word.size());
    slot->count = static_cast<std::uint8_t>(encoding.word.size());
    std::memcpy(slot->bytes.data(), word.data(), word.size());
    std::copy(encoding.word.begin(), encoding.word.end(), slot->ids.begin());
  }
}

std::string BpeTokenizer::decode(std::span<const TokenId> ids) const {
  if (m_definition.alphabet == Alphabet::Characters) return decodeCharacters(ids);
  std::string bytes;
  for (const TokenId id : ids) {
    if (id < m_definition.tokens.size()) bytes += m_definition.tokens[id];
  }
  return bytes;
}

std::string BpeTokenizer::decodeCharacters(std::span<const TokenId> ids) const {
  using Strip = CharacterDecoder::Strip;
  const CharacterDecoder& decoder = m_definition.decoder;
  std::string text;
  bool isFirst = true;
  for (const TokenId id : ids) {
    if (id >= m_definition.tokens.size()) continue;
    const auto byte = m_bytesOfTokens.find(id);
    if (byte != m_bytesOfTokens.end()) {
      text += byte->second;
    } else {
      const bool dropsMarks = isFirst && decoder.strip == Strip::MarksOfFirstToken;
      const std::string& token = m_definition.tokens[id];
      text += decoder.mark.empty() ? token : replaceAll(token, decoder.mark, dropsMarks ? "" : " ");
    }
    isFirst = false;
  }
  std::size_t blanks = 0;
  while (decoder.strip == Strip::Blanks && blanks < decoder.blanks && blanks < text.size() && text[blanks] == ' ')
    ++blanks;
  return text.substr(blanks);
}

}  // namespace weft::data
