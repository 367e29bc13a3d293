// engine/sharing/generators.h -- the named patterns: what an editor offers, how a name is read, and which name says a
// map. Text: the name and its number, "cla2", "pizza-bottom-6", "gemma-3n-15", "lckv-w2"; any spelling of case, '-',
// '_' and spaces is read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sharing/patterns.h"
#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

struct Generator {
  std::string name;          // "identity", "cla", "pizza-bottom", ...
  std::string title;         // "CLA-n"
  std::string group;         // the family in a menu: "Cross-Layer Attention", ...
  std::string description;   // one sentence
  std::string source;        // where it was published
  std::string number;        // what its number is: "layers a group"; "" if it takes none
  bool readsUpward = false;  // at its usual number
  std::function<Result<SharingMap>(int layers, int number)> make;
  std::function<int(int layers)> usualNumber;  // within the range that `make` accepts, if it accepts any
  // The numbers with which it could have made this map, few: what describeGenerator tries. Not of generators without a
  // number.
  std::function<std::vector<int>(const SharingMap&)> candidates;

  bool takesNumber() const { return !number.empty(); }
  std::string text(int value) const;  // the name with this number, or alone
};
// In the order of a menu: families together, the simplest first.
const std::vector<Generator>& generators();

// "cla2", "CLA-2", "identity", "keep-ends", ... NotFound names the nearest. The map may read upward; a
// caller that accepts causal maps only must check it (SharingMap::isCausal).
[[nodiscard]] Result<SharingMap> generate(std::string_view nameAndNumber, int layers);
// The generator that a text names, nullptr if none; `number` gets its number, if it has one.
const Generator* findGenerator(std::string_view nameAndNumber, int* number = nullptr);
// The shortest text of a generator that yields this very map ("cla2"), the earlier one of two as short; "" if none
// does.
std::string describeGenerator(const SharingMap& map);

}  // namespace weft::sharing
