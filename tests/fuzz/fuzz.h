// tests/fuzz/fuzz.h -- readers of files from outside, each fed with damaged input for a number of executions.
// Every execution draws from (seed, number) alone: one that failed is repeated by its number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "tests/fuzz/mutator.h"

namespace weft::fuzz {

// What a reader did with an input. A problem is a broken promise, in words; refusing an input in a sentence is none.
struct Outcome {
  bool isAccepted = false;
  std::string problem;
};

struct Target {
  std::string name, description;
  std::int64_t executions = 1000;  // of the test: below five seconds
  std::function<std::string(Mutator&)> make;
  std::function<Outcome(const std::string& input)> run;
};

struct Options {
  std::uint64_t seed = 1;
  std::int64_t first = 0, executions = 1000;
  std::optional<double> seconds;                 // stop earlier
  std::int64_t memoryLimit_bytes = 256ll << 20;  // of one execution, without what zstd, mmap and torch take
};

struct Finding {
  std::int64_t execution = 0;
  std::string input, problem;
};

struct Report {
  std::int64_t executions = 0, accepted = 0, refused = 0;
  std::vector<Finding> findings;  // at most 20: then it stops
};

// Catches what comes out of the reader: an exception is a finding.
Report run(const Target& target, const Options& options);
Outcome runOnce(const Target& target, const std::string& input, std::int64_t memoryLimit_bytes);
// The execution that is under way, for a handler of signals.
std::int64_t currentExecution();

// Every target that this build has.
const std::vector<Target>& targets();

// What is wrong with an error message, or "": one sentence for a person, valid UTF-8 without control characters, ended
// as one, not endless.
std::string problemOf(const Error& error);
// A refusal, judged.
Outcome refused(const Error& error);
Outcome broken(std::string problem);

}  // namespace weft::fuzz
