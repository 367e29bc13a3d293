// A fixed number of executions of every target; weft_fuzz runs them for longer.
#include "tests/fuzz/fuzz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

// No broken promise, and inputs that are neither all good nor all bad: else the damage is of no use.
void expectPromisesKept(const Target& target) {
  const Report report = run(target, {.executions = target.executions});
  for (const Finding& finding : report.findings) {
    ADD_FAILURE() << "weft_fuzz " << target.name << " --first " << finding.execution
                  << " --executions 1: " << finding.problem;
  }
  EXPECT_EQ(report.executions, target.executions);
  EXPECT_GT(report.accepted, report.executions / 100) << target.name;
  EXPECT_GT(report.refused, report.executions / 100) << target.name;
}

TEST(Fuzz, MapTextIsReadWithoutLossOrRefusedInASentenceThatPointsIntoIt) { expectPromisesKept(mapTarget()); }
TEST(Fuzz, AConfigurationIsReadWithoutLossOrRefusedInASentence) { expectPromisesKept(configTarget()); }
TEST(Fuzz, ATokenizerFileWorksOrIsRefusedInASentence) { expectPromisesKept(tokenizerTarget()); }
TEST(Fuzz, ACorpusGivesDocumentsOrASentenceThatNamesTheLine) { expectPromisesKept(linesTarget()); }
TEST(Fuzz, ACompressedCorpusGivesDocumentsOrASentenceThatNamesTheLine) { expectPromisesKept(compressedLinesTarget()); }
TEST(Fuzz, AShardThatPassesItsHashHoldsWhatWasWritten) { expectPromisesKept(shardTarget()); }
TEST(Fuzz, ItemsOfATaskHaveTheirAnswerOrASentenceThatNamesTheLine) { expectPromisesKept(itemsTarget()); }
TEST(Fuzz, JsonIsAValueWithinItsLimitsOrASentence) { expectPromisesKept(jsonTarget()); }
#ifdef WEFT_FUZZ_TORCH
TEST(Fuzz, AConfigThatSpellsAFieldTwiceIsNeverReadBySilentChoice) { expectPromisesKept(spellingsTarget()); }
TEST(Fuzz, AGenerationConfigNamesTheEndsOfATextOrIsRefusedInASentence) { expectPromisesKept(generationTarget()); }
TEST(Fuzz, AConfigOfAnotherProjectIsAModelOrASentence) { expectPromisesKept(importTarget()); }
TEST(Fuzz, ASafetensorsFileIsReadToTheLastBitOrRefusedInASentence) { expectPromisesKept(safetensorsTarget()); }
#endif

Target targetThat(std::function<Outcome(const std::string&)> run) {
  return {.name = "x",
          .description = "x",
          .make = [](Mutator& mutator) { return mutator.bytes("0_0_2_2", {"k:"}); },
          .run = std::move(run)};
}

TEST(FuzzLoop, ReportsAnExceptionABrokenPromiseAndTooMuchMemory) {
  const auto problemIn = [](std::function<Outcome(const std::string&)> reader) {
    const Report report = run(targetThat(std::move(reader)), {.executions = 1});
    return report.findings.empty() ? std::string() : report.findings[0].problem;
  };
  EXPECT_EQ(problemIn([](const std::string&) { return Outcome{}; }), "");
  EXPECT_EQ(problemIn([](const std::string&) -> Outcome { throw std::runtime_error("oh"); }),
            "an exception got out: oh");
  EXPECT_EQ(problemIn([](const std::string&) { return broken("lost"); }), "lost");
  EXPECT_NE(problemIn([](const std::string&) {
              const std::vector<char> much(std::size_t{1} << 30);
              return Outcome{.isAccepted = !much.empty(), .problem = ""};
            }).find("bytes of memory"),
            std::string::npos);
  EXPECT_NE(problemIn([](const std::string&) {
              std::vector<std::vector<char>> parts;
              for (int i = 0; i < 300; ++i) parts.emplace_back(std::size_t{1} << 20);
              return Outcome{};
            }).find("bytes of memory"),
            std::string::npos);
  // What is given back may be taken again.
  EXPECT_EQ(problemIn([](const std::string&) {
              for (int i = 0; i < 300; ++i) std::vector<char> part(std::size_t{1} << 20);
              return Outcome{};
            }),
            "");
}

TEST(FuzzLoop, JudgesErrorMessages) {
  EXPECT_EQ(problemOf({ErrorCode::Corrupt, "The file ends early.", ""}), "");
  for (const std::string& bad :
       {std::string(), std::string("no full stop"), std::string("two\nlines."), std::string("\x1b[31mred."),
        std::string("not \xFF UTF-8."), std::string(5000, 'x') + "."}) {
    EXPECT_NE(problemOf({ErrorCode::Corrupt, bad, ""}), "") << bad;
  }
}

TEST(FuzzLoop, RepeatsOneExecutionByItsNumber) {
  std::vector<std::string> seen;
  const Target target = targetThat([&](const std::string& input) {
    seen.push_back(input);
    return Outcome{};
  });
  run(target, {.seed = 3, .executions = 50});
  const std::vector<std::string> all = std::move(seen);
  EXPECT_GT(std::set<std::string>(all.begin(), all.end()).size(), 40u);
  seen.clear();
  run(target, {.seed = 3, .first = 31, .executions = 1});
  EXPECT_EQ(seen, std::vector<std::string>{all[31]});
  seen.clear();
  run(target, {.seed = 4, .first = 31, .executions = 1});
  EXPECT_NE(seen, std::vector<std::string>{all[31]});
}

}  // namespace
}  // namespace weft::fuzz
