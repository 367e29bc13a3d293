#include "engine/data/merge_table.h"

#include <array>
#include <bit>
#include <functional>
#include <queue>

namespace weft::data {
namespace {

std::uint64_t pairOf(TokenId left, TokenId right) { return std::uint64_t{left} << 32 | right; }

std::uint64_t slotOf(std::uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15ull;
  return pair ^ (pair >> 29);
}

}  // namespace

MergeTable::MergeTable(std::span<const Merge> merges) {
  const std::uint64_t slots = std::bit_ceil(std::uint64_t{2} * merges.size() + 2);
  m_rules.resize(slots);
  m_mask = slots - 1;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const std::uint64_t pair = pairOf(merges[rank].left, merges[rank].right);
    std::uint64_t slot = slotOf(pair) & m_mask;
    while (m_rules[slot].pair != kEmpty && m_rules[slot].pair != pair) slot = (slot + 1) & m_mask;
    m_rules[slot] = {pair, static_cast<std::uint32_t>(rank), merges[rank].result};
  }
}

// The rule of a pair, or an empty slot, whose rank is kNoRank.
const MergeTable::Rule& MergeTable::find(TokenId left, TokenId right) const {
  const std::uint64_t pair = pairOf(left, right);
  std::uint64_t slot = slotOf(pair) & m_mask;
  while (m_rules[slot].pair != pair && m_rules[slot].pair != kEmpty) slot = (slot + 1) & m_mask;
  return m_rules[slot];
}

void MergeTable::apply(std::vector<TokenId>& ids) const {
  if (ids.size() < 2) return;
  if (ids.size() <= kLongPiece) {
    applyShort(ids);
  } else {
    applyLong(ids);
  }
}

void MergeTable::applyShort(std::vector<TokenId>& ids) const {
  std::array<Rule, kLongPiece> rules;  // rules[i] merges ids[i] and ids[i + 1]
  std::size_t count = ids.size();
  for (std::size_t i = 0; i + 1 < count; ++i) rules[i] = find(ids[i], ids[i + 1]);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (rules[i].rank < rules[best].rank) best = i;
    }
    if (rules[best].rank == kNoRank) break;
    ids[best] = rules[best].result;
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      rules[i - 1] = rules[i];
    }
    // The loop moved the rule of (best + 1, best + 2) to `best`; both neighbours of the new token are new pairs.
    if (best + 1 < count) rules[best] = find(ids[best], ids[best + 1]);
    if (best > 0) rules[best - 1] = find(ids[best - 1], ids[best]);
  }
  ids.resize(count);
}

void MergeTable::applyLong(std::vector<TokenId>& ids) const {
  struct Candidate {
    std::uint32_t rank;
    std::size_t at;
    std::uint64_t pair;  // as it was when pushed: another pair may stand there by now
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  const std::size_t count = ids.size();
  std::vector<std::size_t> next(count), previous(count);
  std::vector<bool> isGone(count, false);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto push = [&](std::size_t left) {
    if (next[left] >= count) return;
    const Rule& rule = find(ids[left], ids[next[left]]);
    if (rule.rank != kNoRank) candidates.push({rule.rank, left, rule.pair});
  };
  for (std::size_t i = 0; i < count; ++i) {
    next[i] = i + 1;
    previous[i] = i == 0 ? count : i - 1;
  }
  for (std::size_t i = 0; i < count; ++i) push(i);
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    const std::size_t left = best.at;
    if (isGone[left] || next[left] >= count || pairOf(ids[left], ids[next[left]]) != best.pair) continue;
    const std::size_t right = next[left];
    ids[left] = find(ids[left], ids[right]).result;
    isGone[right] = true;
    next[left] = next[right];
    if (next[left] < count) previous[next[left]] = left;
    push(left);
    if (previous[left] < count) push(previous[left]);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!isGone[i]) ids[kept++] = ids[i];
  }
  ids.resize(kept);
}

}  // namespace weft::data
