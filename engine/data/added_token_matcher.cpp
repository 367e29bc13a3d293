#include "engine/data/added_token_matcher.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "engine/data/character_kind.h"

namespace weft::data {
namespace {

UChar32 characterBefore(std::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::int32_t index = 0;
  // A window of four bytes: U8_PREV takes 32-bit indices, a document may be longer.
  const std::size_t start = at > 4 ? at - 4 : 0;
  index = static_cast<std::int32_t>(at - start);
  UChar32 code = 0;
  U8_PREV(bytes + start, 0, index, code);
  at = start + static_cast<std::size_t>(index);
  return code;
}

UChar32 characterAt(std::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 code = 0;
  U8_NEXT(bytes, at, text.size(), code);
  return code;
}

bool endsWithWord(std::string_view text) {
  std::size_t at = text.size();
  return at > 0 && isWordCharacter(characterBefore(text, at));
}

bool startsWithWord(std::string_view text) {
  std::size_t at = 0;
  return !text.empty() && isWordCharacter(characterAt(text, at));
}

std::size_t startOfTrailingSpace(std::string_view text) {
  std::size_t start = text.size();
  for (std::size_t at = start; at > 0; start = at) {
    if (!u_isUWhiteSpace(characterBefore(text, at))) break;
  }
  return start;
}

std::size_t leadingSpace(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    if (!u_isUWhiteSpace(characterAt(text, at))) break;
  }
  return end;
}

}  // namespace

AddedTokenMatcher::AddedTokenMatcher(const std::vector<std::pair<AddedToken, std::string>>& tokens) {
  m_tokenOfNode.push_back(-1);
  for (const auto& [token, content] : tokens) {
    if (content.empty()) continue;
    const std::size_t first = static_cast<unsigned char>(content[0]);
    for (std::size_t second = 0; second < 256; ++second) {
      if (content.size() == 1 || second == static_cast<unsigned char>(content[1]))
        m_beginnings[first << 8 | second] = true;
    }
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < content.size(); ++i) {
      const auto byte = static_cast<unsigned char>(content[i]);
      std::uint32_t& child = i == 0 ? m_roots[byte] : m_children[std::uint64_t{node} << 8 | byte];
      if (child == 0) {
        child = static_cast<std::uint32_t>(m_tokenOfNode.size());
        m_tokenOfNode.push_back(-1);
      }
      node = child;
    }
    if (m_tokenOfNode[node] < 0) m_tokenOfNode[node] = static_cast<int>(m_tokens.size());
    m_tokens.push_back(token);
  }
}

std::uint32_t AddedTokenMatcher::childOf(std::uint32_t node, unsigned char byte) const {
  const auto found = m_children.find(std::uint64_t{node} << 8 | byte);
  return found == m_children.end() ? 0 : found->second;
}

bool AddedTokenMatcher::mayStartAt(std::string_view text, std::size_t at) const {
  const std::size_t first = static_cast<unsigned char>(text[at]);
  if (m_roots[first] == 0) return false;
  return at + 1 == text.size() || m_beginnings[first << 8 | static_cast<unsigned char>(text[at + 1])];
}

AddedTokenMatcher::Match AddedTokenMatcher::longestAt(std::string_view text, std::size_t at) const {
  Match best;
  std::uint32_t node = m_roots[static_cast<unsigned char>(text[at])];
  for (std::size_t end = at + 1; node != 0; ++end) {
    if (m_tokenOfNode[node] >= 0) best = {end, m_tokenOfNode[node]};
    if (end >= text.size()) break;
    node = childOf(node, static_cast<unsigned char>(text[end]));
  }
  return best;
}

void AddedTokenMatcher::split(std::string_view text,
                              const std::function<void(std::string_view, std::optional<TokenId>)>& take) const {
  std::size_t taken = 0;
  for (std::size_t at = 0; at < text.size() && !m_tokens.empty();) {
    const Match match = mayStartAt(text, at) ? longestAt(text, at) : Match{};
    if (match.token < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = m_tokens[static_cast<std::size_t>(match.token)];
    std::size_t start = at, stop = match.end;
    at = match.end;
    if (token.isSingleWord && (endsWithWord(text.substr(0, start)) || startsWithWord(text.substr(stop)))) continue;
    if (token.stripsLeft) start = std::max(startOfTrailingSpace(text.substr(0, start)), taken);
    if (token.stripsRight) stop += leadingSpace(text.substr(stop));
    if (taken < start) take(text.substr(taken, start - taken), std::nullopt);
    take(text.substr(start, stop - start), token.id);
    taken = stop;
  }
  if (taken < text.size()) take(text.substr(taken), std::nullopt);
}

}  // namespace weft::data
