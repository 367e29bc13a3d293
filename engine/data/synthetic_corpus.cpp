#include "engine/data/synthetic_corpus.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numeric>
#include <string_view>

namespace weft::data {
namespace {

constexpr std::size_t kNames = 20, kVerbs = 12, kAdjectives = 16, kNouns = 20;  // at most 23, the initials
// A word's habit: so many successors, with these weights.
constexpr std::array<double, 5> kHabit{0.36, 0.25, 0.18, 0.12, 0.09};
constexpr double kRecall = 0.85;                            // a person who is mentioned was there before
constexpr double kKeepsThing = 0.85;                        // a person who has a thing uses that one
constexpr double kContinues = 0.85;                         // the paragraph goes on
constexpr std::array<double, 3> kEndings{0.45, 0.3, 0.25};  // ".", " with NAME.", " near the NOUN."

}  // namespace

SyntheticCorpus::SyntheticCorpus(std::uint64_t seed) : m_random(seed) {
  m_names = inventWords(kNames, 2, "");
  for (std::string& name : m_names) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  m_verbs = inventWords(kVerbs, 1, "s");
  m_adjectives = inventWords(kAdjectives, 1, "y");
  m_nouns = inventWords(kNouns, 1, "");
  m_prepositions = {"near", "under", "behind", "above"};
  m_verbOfName = inventHabits(kNames, kVerbs);
  m_adjectiveOfVerb = inventHabits(kVerbs, kAdjectives);
  m_nounOfAdjective = inventHabits(kAdjectives, kNouns);
  m_nounOfPreposition = inventHabits(m_prepositions.size(), kNouns);
}

// The standard fixes mt19937_64 bit by bit, but not what its distributions make of it: hence our own.
double SyntheticCorpus::uniform() { return static_cast<double>(m_random() >> 11) * 0x1.0p-53; }

std::size_t SyntheticCorpus::pick(const Weights& weights) {
  double left = uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if (left < weights[i]) break;
    left -= weights[i];
  }
  return last;
}

std::size_t SyntheticCorpus::draw(const Weights& weights) {
  const std::size_t drawn = pick(weights);
  m_nats -= std::log(weights[drawn] / std::accumulate(weights.begin(), weights.end(), 0.0));
  return drawn;
}

// Every word of a class has an initial of its own. So two draws never spell the same text (which would make the entropy
// too high), and the first byte decides: recalling a word is copying a byte, which a small model learns within some
// hundred steps.
std::vector<std::string> SyntheticCorpus::inventWords(std::size_t count, int syllables, const std::string& ending) {
  static constexpr std::string_view kVowels = "aeiou", kConsonants = "bdfklmnprstv";
  static constexpr std::array<std::string_view, 7> kEnds{"n", "l", "r", "m", "sk", "nd", "lt"};
  const auto anyOf = [this](std::string_view letters) {
    return letters[static_cast<std::size_t>(m_random() % letters.size())];
  };
  std::string initials = "abcdefghijklmnoprstuvwz";
  for (std::size_t i = initials.size() - 1; i > 0; --i)
    std::swap(initials[i], initials[static_cast<std::size_t>(m_random() % (i + 1))]);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < count; ++i) {
    std::string word(1, initials[i]);
    if (kVowels.find(word[0]) != std::string_view::npos) word += anyOf(kConsonants);
    word += anyOf(kVowels);
    for (int syllable = 1; syllable < syllables; ++syllable) word += {anyOf(kConsonants), anyOf(kVowels)};
    if (syllables == 1) word += kEnds[static_cast<std::size_t>(m_random() % kEnds.size())];
    words.push_back(word + ending);
  }
  return words;
}

std::vector<SyntheticCorpus::Weights> SyntheticCorpus::inventHabits(std::size_t from, std::size_t to) {
  std::vector<Weights> habits(from, Weights(to, 0.0));
  for (Weights& habit : habits) {
    for (const double weight : kHabit) {
      std::size_t word = 0;
      do word = static_cast<std::size_t>(m_random() % to);
      while (habit[word] > 0);
      habit[word] = weight;
    }
  }
  return habits;
}

// Somebody of the paragraph with probability kRecall, evenly; else anybody, who may be one of them: the weights of a
// name add up.
SyntheticCorpus::Person& SyntheticCorpus::drawPerson(const Person* other) {
  const double anybody = m_people.empty() ? 1.0 : 1 - kRecall;
  Weights weights(kNames, anybody / kNames);
  for (const Person& person : m_people) weights[person.name] += kRecall / static_cast<double>(m_people.size());
  if (other) weights[other->name] = 0;
  const std::size_t name = draw(weights);
  const auto known =
      std::find_if(m_people.begin(), m_people.end(), [&](const Person& person) { return person.name == name; });
  return known != m_people.end() ? *known : m_people.emplace_back(Person{.name = name});
}

// The owner's thing with probability kKeepsThing, else a new one by habit. The two can agree in the adjective and even
// in the noun, so both are drawn from the mixture; what the adjective says about which of the two it is, weighs the
// noun (Bayes).
void SyntheticCorpus::writeThing(Person& owner, std::size_t verb, std::string& text) {
  Weights adjectives = m_adjectiveOfVerb[verb];
  double keeps = owner.hasThing ? kKeepsThing : 0.0;
  for (double& weight : adjectives) weight *= 1 - keeps;
  if (owner.hasThing) adjectives[owner.adjective] += keeps;
  const std::size_t adjective = draw(adjectives);

  keeps = owner.hasThing && adjective == owner.adjective ? keeps / adjectives[adjective] : 0.0;
  Weights nouns = m_nounOfAdjective[adjective];
  for (double& weight : nouns) weight *= 1 - keeps;
  if (keeps > 0) nouns[owner.noun] += keeps;
  const std::size_t noun = draw(nouns);

  // A person's first thing stays theirs for the rest of the paragraph, so that later sentences can be told from it;
  // any other thing is mentioned this once.
  if (!owner.hasThing) owner = {.name = owner.name, .hasThing = true, .adjective = adjective, .noun = noun};
  text += " the " + m_adjectives[adjective] + " " + m_nouns[noun];
}

void SyntheticCorpus::writeSentence(std::string& text) {
  Person& subject = drawPerson(nullptr);
  text += m_names[subject.name];
  const std::size_t verb = draw(m_verbOfName[subject.name]);
  text += " " + m_verbs[verb];
  writeThing(subject, verb, text);
  switch (draw(Weights(kEndings.begin(), kEndings.end()))) {
    case 1:
      text += " with " + m_names[drawPerson(&subject).name];
      break;
    case 2: {
      const std::size_t preposition = draw(Weights(m_prepositions.size(), 1.0));
      text += " " + m_prepositions[preposition] + " the " + m_nouns[draw(m_nounOfPreposition[preposition])];
      break;
    }
    default:
      break;
  }
  const bool continues = draw({kContinues, 1 - kContinues}) == 0;
  text += continues ? ". " : ".\n";
  if (!continues) m_people.clear();
}

std::string SyntheticCorpus::generate(std::int64_t bytes) {
  std::string text;
  while (static_cast<std::int64_t>(text.size()) < bytes) writeSentence(text);
  m_bytes += static_cast<std::int64_t>(text.size());
  return text;
}

double SyntheticCorpus::entropyPerByte_nats() const {
  return m_bytes == 0 ? 0.0 : m_nats / static_cast<double>(m_bytes);
}

}  // namespace weft::data
