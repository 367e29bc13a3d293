// engine/data/synthetic_corpus.h -- a text source of our own with a known entropy rate, so that a loss can be judged
// against its floor.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace weft::data {

// A seeded stochastic source of readable ASCII sentences, "Tavo bends the hollow rim near the coil.", over a lexicon
// that the seed makes up. What attention is for: a paragraph is about few people, who come again (recall of names), and
// each keeps the thing that the paragraph first gave to him (recall of what followed a name). What is near matters too:
// a verb hangs on its subject, an adjective on the verb, a noun on the adjective.
//
// The entropy is exact because every draw's probabilities are a function of the paragraph's visible text alone and
// different draws never spell the same text: minus the log-probability of the text is the sum over its draws. It is the
// floor for a reader of whole paragraphs who knows lexicon and habits. A learner must first learn those, and a learner
// whose window begins within a paragraph misses who was there before: both only add to its loss. On a finite sample
// another model may be luckier by chance, never by more than the sample's noise. Deterministic in (seed), on every
// machine with IEEE doubles.
class SyntheticCorpus {
 public:
  explicit SyntheticCorpus(std::uint64_t seed);
  // The next about `bytes` bytes, cut at a sentence end. Successive calls continue the text.
  std::string generate(std::int64_t bytes);
  // Entropy in nats per byte of the text generated so far: minus the mean log-probability that the source itself gave
  // to what it drew.
  double entropyPerByte_nats() const;

 private:
  using Weights = std::vector<double>;  // one for each word of a class; their sum need not be 1
  struct Person {
    std::size_t name = 0;
    bool hasThing = false;
    std::size_t adjective = 0, noun = 0;
  };

  double uniform();
  std::size_t pick(const Weights& weights);  // without counting: for the lexicon
  std::size_t draw(const Weights& weights);  // and adds its -log p to m_nats
  std::vector<std::string> inventWords(std::size_t count, int syllables, const std::string& ending);
  std::vector<Weights> inventHabits(std::size_t from, std::size_t to);
  Person& drawPerson(const Person* other);  // `other` is not drawn
  void writeThing(Person& owner, std::size_t verb, std::string& text);
  void writeSentence(std::string& text);

  std::mt19937_64 m_random;
  std::vector<std::string> m_names, m_verbs, m_adjectives, m_nouns, m_prepositions;
  std::vector<Weights> m_verbOfName, m_adjectiveOfVerb, m_nounOfAdjective, m_nounOfPreposition;
  std::vector<Person> m_people;  // of the paragraph, in order of appearance
  double m_nats = 0;
  std::int64_t m_bytes = 0;
};

}  // namespace weft::data
