// tests/fuzz/mutator.h -- damaged copies of good input, from a seed: the same seed gives the same bytes on every
// machine.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace weft::fuzz {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : m_random(seed) {}

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(m_random() % limit); }
  bool chance(std::size_t oneIn) { return below(oneIn) == 0; }
  template <class T>
  const T& oneOf(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

  // One to four changes of bytes: other bytes, pieces taken out, doubled or swapped, words of the format put in, the
  // end cut off.
  std::string bytes(std::string content, const std::vector<std::string>& words);
  // One to three changes of the tree, printed: other values, extreme numbers, members taken away, doubled, renamed or
  // moved. The text is JSON.
  std::string json(nlohmann::json value);

 private:
  void changeOnce(std::string& content, const std::vector<std::string>& words);
  void changeOnce(nlohmann::json& root);
  nlohmann::json strangeValue();

  std::mt19937_64 m_random;
};

}  // namespace weft::fuzz
