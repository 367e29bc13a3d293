#include "engine/store/run_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "engine/base/text.h"

namespace weft::store {

namespace {

using Runs = std::vector<const RunSummary*>;

// The map in as many characters as a label can carry; two that read alike then are told apart by the run's number.
std::string mapWord(const RunSummary& run) {
  constexpr std::size_t kWidest = 28, kTail = 9;
  if (!run.generator.empty()) return run.generator;
  if (run.map.size() <= kWidest) return run.map.empty() ? "no map" : run.map;
  const std::string_view map = run.map;
  return fmt::format("{}…{}", map.substr(0, kWidest - kTail - 1), map.substr(map.size() - kTail));
}

struct Feature {
  bool (*differs)(const RunSummary& a, const RunSummary& b);
  std::string (*word)(const RunSummary& run);  // "": nothing is said
};

// What somebody chose. Said wherever it differs.
constexpr Feature kChosen[] = {
    {[](const RunSummary& a, const RunSummary& b) { return a.kind != b.kind; },
     [](const RunSummary& run) { return run.kind; }},
    {[](const RunSummary& a, const RunSummary& b) {
       return a.generator != b.generator || (a.generator.empty() && a.map != b.map);
     },
     mapWord},
    {[](const RunSummary& a, const RunSummary& b) { return a.layers != b.layers; },
     [](const RunSummary& run) { return fmt::format("{} layers", run.layers); }},
    {[](const RunSummary& a, const RunSummary& b) { return a.hidden != b.hidden; },
     [](const RunSummary& run) { return fmt::format("hidden {}", groupDigits(run.hidden)); }},
    {[](const RunSummary& a, const RunSummary& b) {
       return std::tie(a.queryHeads, a.kvHeads, a.headWidth) != std::tie(b.queryHeads, b.kvHeads, b.headWidth);
     },
     [](const RunSummary& run) { return fmt::format("{}/{}×{}", run.queryHeads, run.kvHeads, run.headWidth); }},
    {[](const RunSummary& a, const RunSummary& b) { return a.cache != b.cache; },
     [](const RunSummary& run) { return run.cache.empty() ? std::string("dense") : run.cache; }},
    {[](const RunSummary& a, const RunSummary& b) { return a.steps != b.steps; },
     [](const RunSummary& run) { return fmt::format("{} steps", groupDigits(run.steps)); }},
    {[](const RunSummary& a, const RunSummary& b) { return a.seed != b.seed; },
     [](const RunSummary& run) { return fmt::format("s{}", run.seed); }},
    {[](const RunSummary& a, const RunSummary& b) { return a.archived != b.archived; },
     [](const RunSummary& run) { return run.archived ? std::string("archived") : std::string(); }},
};

// What follows from choices that a summary does not know (types, tokenizer). Said only where it is needed.
constexpr Feature kDerived[] = {
    {[](const RunSummary& a, const RunSummary& b) { return a.kvBytesPerToken != b.kvBytesPerToken; },
     [](const RunSummary& run) { return fmt::format("{} B", groupDigits(std::llround(run.kvBytesPerToken))); }},
    {[](const RunSummary& a, const RunSummary& b) { return a.parameters != b.parameters; },
     [](const RunSummary& run) { return fmt::format("{} parameters", groupDigits(run.parameters)); }},
};
constexpr Feature kNumber{[](const RunSummary& a, const RunSummary& b) { return a.id != b.id; },
                          [](const RunSummary& run) { return fmt::format("#{}", run.id.value); }};

// Indices of runs that would be called the same.
using Block = std::vector<std::size_t>;

void append(std::string& text, const std::string& word) {
  if (word.empty()) return;
  if (!text.empty()) text += ' ';
  text += word;
}

// Appends the feature to all of the block if it differs within it.
void distinguish(const Runs& runs, const Block& block, const Feature& feature, std::vector<std::string>& texts) {
  const RunSummary& first = *runs[block.front()];
  if (std::none_of(block.begin(), block.end(), [&](std::size_t i) { return feature.differs(*runs[i], first); })) return;
  for (const std::size_t i : block) append(texts[i], feature.word(*runs[i]));
}

// Those of two runs and more that agree in `key`.
template <class Key>
std::vector<Block> blocksOf(const Block& members, Key key) {
  using Value = std::decay_t<decltype(key(std::size_t{}))>;
  std::unordered_map<Value, std::size_t> places;
  std::vector<Block> blocks;
  places.reserve(members.size());
  for (const std::size_t i : members) {
    const auto [place, isNew] = places.try_emplace(key(i), blocks.size());
    if (isNew) blocks.emplace_back();
    blocks[place->second].push_back(i);
  }
  std::erase_if(blocks, [](const Block& block) { return block.size() < 2; });
  return blocks;
}

Runs pointers(const std::vector<RunSummary>& runs) {
  Runs all;
  all.reserve(runs.size());
  for (const RunSummary& run : runs) all.push_back(&run);
  return all;
}

std::string joined(const RunSummary& run, const std::string& distinction) {
  return distinction.empty() ? run.name : run.name + " " + distinction;
}

}  // namespace

std::vector<std::string> runDistinctions(const std::vector<const RunSummary*>& shown) {
  std::vector<std::string> texts(shown.size());
  Block all(shown.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (const Block& named : blocksOf(all, [&](std::size_t i) { return std::string_view(shown[i]->name); })) {
    for (const Feature& feature : kChosen) distinguish(shown, named, feature, texts);
    for (const Feature& feature : kDerived)
      for (const Block& alike : blocksOf(named, [&](std::size_t i) { return texts[i]; }))
        distinguish(shown, alike, feature, texts);
  }
  // Over all names: somebody may have called a run "MQA s1".
  for (const Block& alike : blocksOf(all, [&](std::size_t i) { return joined(*shown[i], texts[i]); }))
    distinguish(shown, alike, kNumber, texts);
  return texts;
}

std::vector<std::string> runDistinctions(const std::vector<RunSummary>& shown) {
  return runDistinctions(pointers(shown));
}

std::vector<std::string> runLabels(const std::vector<const RunSummary*>& shown) {
  std::vector<std::string> labels = runDistinctions(shown);
  for (std::size_t i = 0; i < shown.size(); ++i) labels[i] = joined(*shown[i], labels[i]);
  return labels;
}

std::vector<std::string> runLabels(const std::vector<RunSummary>& shown) { return runLabels(pointers(shown)); }

std::vector<std::string> configurationLabels(std::vector<RunSummary> representatives) {
  for (RunSummary& run : representatives) {
    run.seed = 0;
    run.archived = false;
  }
  return runLabels(representatives);
}

std::string runLabel(const RunSummary& run, const std::vector<RunSummary>& all) {
  Runs alike{&run};
  for (const RunSummary& other : all)
    if (other.id != run.id && other.name == run.name) alike.push_back(&other);
  return runLabels(alike).front();
}

}  // namespace weft::store
