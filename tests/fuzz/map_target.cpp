// Map text: every error points into the text, its fix is valid, and what was read is printed and read again without
// loss.
#include <fmt/format.h>

#include <vector>

#include "engine/sharing/map_text.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

using sharing::ParseOptions;
using sharing::UpwardReads;

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> all{
      "0_0_2_2_4_4",
      "0s_0_2s1024_2",
      "0h2_0_2_2",
      "0s1024h2_0_0_3h1",
      "k:0_0_2_2 v:0_1_1_3",
      "k:0s_0h2_2_2 v:0_1_1h4_3",
      "0s_1s_2h1d8=_3s_4h1d8=",
      "k:0_1_2 v:0_1,0:1h1_2,0:1-2h1",
      "0_1_2_3_0+3_0+3",
      "0s_1sr0_2r0c_2",
      "0_1,0:2-3_0:0_3",
      "[0, 0, 2, 2]",
      "[0,1,2,2,2,2]",
      "identity",
      "cla2",
      "cla3",
      "keep-ends",
      "dense-front",
      "dense-back",
      "yoco",
      "0_1_2_3_3_3_6_7",
      "3_3_3_3_4_5",
      "0_7_7_7_7_7_7_7",
      "[\"sliding_attention\", \"full_attention\"]",
      "num_kv_shared_layers",
  };
  return all;
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> all{"_",
                                            "__",
                                            "0",
                                            "-1",
                                            "7",
                                            "8",
                                            "99",
                                            "2147483647",
                                            "2147483648",
                                            "9223372036854775808",
                                            "00",
                                            ",",
                                            "+",
                                            "-",
                                            "0+",
                                            ",0:1",
                                            "0:2-3",
                                            ":1",
                                            "d",
                                            "d0",
                                            "d8",
                                            "=",
                                            "r",
                                            "r0",
                                            "r0c",
                                            "r2147483648",
                                            "d2147483648",
                                            ":2147483647",
                                            "h1d2=",
                                            "v:0h1",
                                            "s",
                                            "s0",
                                            "s1",
                                            "s-1",
                                            "s1048576",
                                            "h",
                                            "h0",
                                            "h2",
                                            "h2147483648",
                                            "k:",
                                            "v:",
                                            " v:",
                                            "[",
                                            "]",
                                            ",",
                                            "identity",
                                            "cla",
                                            "cla0",
                                            "cla1000000000",
                                            "=",
                                            ":",
                                            "(",
                                            ")",
                                            "\"",
                                            "\n",
                                            "\u00e9",
                                            "\xFF",
                                            "keep-ends",
                                            "dense-front"};
  return all;
}

const std::vector<ParseOptions>& options() {
  static const std::vector<ParseOptions> all{
      {}, {.layers = 8}, {.layers = 4, .upward = UpwardReads::Allow}, {.upward = UpwardReads::Allow}};
  return all;
}

Outcome check(const std::string& text, const ParseOptions& option) {
  const auto map = parseMapText(text, option);
  if (map) {
    const std::string printed = toText(*map);
    const auto again = parseMapText(printed, option);
    if (!again)
      return broken(
          fmt::format("what was read is printed as {}, which is refused: {}", printed, again.error().error.message));
    if (*again != *map) return broken(fmt::format("printing as {} and reading changed the map", printed));
    if (toText(*again) != printed) return broken("the canonical text is not stable");
    return {.isAccepted = true, .problem = ""};
  }
  const sharing::MapTextError& error = map.error();
  if (error.begin > error.end || error.end > text.size())
    return broken(fmt::format("marks {}..{} of {} characters", error.begin, error.end, text.size()));
  if (error.layer < -1) return broken(fmt::format("points at layer {}", error.layer));
  if (error.fix && !parseMapText(*error.fix, option))
    return broken(fmt::format("proposes {}, which is refused", *error.fix));
  const auto plain = parseMap(text, option);
  if (plain || plain.error().message != error.error.message)
    return broken("parseMap does not say what parseMapText says");
  return refused(error.error);
}

}  // namespace

Target mapTarget() {
  return {.name = "map",
          .description = "the text form of a sharing map",
          .executions = 20000,
          .make = [](Mutator& mutator) { return mutator.bytes(mutator.oneOf(seeds()), words()); },
          .run =
              [](const std::string& input) {
                Outcome outcome;
                for (const ParseOptions& option : options()) {
                  const Outcome one = check(input, option);
                  outcome.isAccepted |= one.isAccepted;
                  if (!one.problem.empty()) return one;
                }
                return outcome;
              }};
}

}  // namespace weft::fuzz
