#include <gmock/gmock.h>

#include "engine/base/text.h"
#include "tests/cli/program_under_test.h"

using namespace weft::cli_test;
using ::testing::HasSubstr;

namespace {

using Verb = std::vector<std::string>;

std::string pathOf(const Verb& verb) { return "weft " + weft::join(verb, " "); }

std::string helpOf(const Verb& verb) {
  Verb words = verb;
  words.push_back("--help");
  const Outcome outcome = runWeft(words);
  EXPECT_TRUE(succeeded(outcome)) << pathOf(verb);
  return outcome.out;
}

// The verbs that a --help lists: lines of two spaces and a name, before the examples.
void collectVerbs(const Verb& above, std::vector<Verb>& verbs) {
  for (const std::string& line : weft::split(helpOf(above), '\n')) {
    if (line.rfind("Example", 0) == 0) return;
    if (line.size() < 3 || line.rfind("  ", 0) != 0 || line[2] < 'a' || line[2] > 'z') continue;
    Verb verb = above;
    verb.push_back(line.substr(2, line.find(' ', 2) - 2));
    verbs.push_back(verb);
    collectVerbs(verb, verbs);
  }
}

std::vector<Verb> allVerbs() {
  std::vector<Verb> verbs;
  collectVerbs({}, verbs);
  return verbs;
}

// The lines after the last heading of examples, to the end.
std::vector<std::string> examplesOf(const Verb& verb) {
  const std::string help = helpOf(verb);
  const std::size_t heading = help.rfind("\nExample");
  std::vector<std::string> lines;
  if (heading == std::string::npos) return lines;
  for (const std::string& line : weft::split(help.substr(help.find('\n', heading + 1)), '\n'))
    if (!weft::trim(line).empty()) lines.emplace_back(weft::trim(line));
  return lines;
}

// The arguments that a shell would give to `weft`: single quotes hold words together; '|', '<', '>' and '#' end them.
Verb wordsOfWeft(const std::string& example) {
  Verb words;
  bool isQuoted = false, isWord = false;
  std::string word;
  for (const char c : example.substr(example.find("weft ") + 5) + " ") {
    if (c == '\'') {
      isQuoted = !isQuoted;
      isWord = true;
    } else if (c != ' ' || isQuoted) {
      word += c;
      isWord = true;
    } else if (isWord) {
      if (word == "|" || word == "<" || word == ">" || word == "#") break;
      words.push_back(word);
      word.clear();
      isWord = false;
    }
  }
  return words;
}

}  // namespace

TEST(Usage, WithoutAVerbItShowsItsGroupedVerbsAndExamples) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"--help"}}) {
    const Outcome outcome = runWeft(arguments);
    EXPECT_TRUE(succeeded(outcome));
    for (const char* part : {"Runs:", "Results:", "Models:", "Sharing patterns:", "Files:", "Examples:", "Exit codes"})
      EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(Usage, EveryVerbExplainsItself) {
  const std::vector<std::vector<std::string>> verbs = allVerbs();
  // Those that somebody may look for, so that the walk is known to find them.
  for (const std::vector<std::string>& known : {std::vector<std::string>{"demo"},
                                                {"queue"},
                                                {"queue", "stop"},
                                                {"queue", "reorder"},
                                                {"tag"},
                                                {"show"},
                                                {"logits"},
                                                {"export-model"}})
    EXPECT_THAT(verbs, ::testing::Contains(known));
  for (const std::vector<std::string>& verb : verbs) EXPECT_THAT(helpOf(verb), HasSubstr("--json")) << pathOf(verb);
}

TEST(Usage, EveryVerbsHelpEndsWithExamplesOfThatVerb) {
  for (const std::vector<std::string>& verb : allVerbs()) {
    const std::vector<std::string> examples = examplesOf(verb);
    EXPECT_TRUE(examples.size() >= 1 && examples.size() <= 3) << pathOf(verb) << " has " << examples.size();
    for (const std::string& example : examples)
      EXPECT_THAT(example + " ", HasSubstr(pathOf(verb) + " ")) << "an example of another verb";
  }
}

// What is proposed must be accepted: unknown options and missing arguments are said with "... show what is expected".
TEST(Usage, EveryExampleIsUnderstood) {
  const weft::TemporaryFolder nowhere = weft::TemporaryFolder::create().value();
  for (const std::vector<std::string>& verb : allVerbs()) {
    if (verb.front() == "demo" || verb.front() == "init") continue;  // they would do it
    for (const std::string& example : examplesOf(verb)) {
      std::vector<std::string> words = wordsOfWeft(example);
      words.insert(words.end(), {"-C", nowhere.path().string()});
      const Outcome outcome = runWeft(words);
      EXPECT_TRUE(outcome.exitCode == 0 || outcome.exitCode == 2) << example << ": " << outcome.exitCode << outcome.err;
      EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("show what is expected"))) << example;
    }
  }
}

TEST(Usage, VersionIsOneLine) {
  const Outcome outcome = runWeft({"--version"});
  EXPECT_TRUE(succeeded(outcome));
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("weft [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Usage, AnUnknownVerbNamesTheNearest) {
  const Outcome outcome = runWeft({"-C", "map", "compar"});
  EXPECT_TRUE(isOneSentenceOfBadInput(outcome));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean `weft compare`?"));
}

TEST(Usage, WrongOptionsAreBadInput) {
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "0_0", "--bogus"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"map", "cla2", "--layers", "many"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"--bogus"})));
  EXPECT_TRUE(isOneSentenceOfBadInput(runWeft({"cost", "--config", "a", "--preset", "b"})));
}
