#include "tests/fuzz/fuzz.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <new>

#include "engine/data/utf8.h"
#include "tests/fuzz/memory_guard.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

constexpr std::size_t kMostFindings = 20;
constexpr std::size_t kLongestMessage = 4000;
std::atomic<std::int64_t> current{-1};

// SplitMix64: neighbouring numbers give unlike seeds.
std::uint64_t seedOf(std::uint64_t seed, std::int64_t execution) {
  std::uint64_t value = seed * 0x9E3779B97F4A7C15ull + static_cast<std::uint64_t>(execution) + 1;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
  return value ^ (value >> 31);
}

}  // namespace

std::int64_t currentExecution() { return current; }

std::string problemOf(const Error& error) {
  const std::string& message = error.message;
  if (message.empty()) return "an error without a message";
  if (message.size() > kLongestMessage) return fmt::format("an error message of {} bytes", message.size());
  if (!data::isValidUtf8(message)) return "an error message that is not UTF-8";
  for (const char c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return fmt::format("a control character in the error message: {}", message);
  }
  if (message.back() != '.' && message.back() != '?')
    return fmt::format("an error message that does not end as a sentence does: {}", message);
  return "";
}

Outcome refused(const Error& error) { return {.isAccepted = false, .problem = problemOf(error)}; }
Outcome broken(std::string problem) { return {.isAccepted = true, .problem = std::move(problem)}; }

Outcome runOnce(const Target& target, const std::string& input, std::int64_t memoryLimit_bytes) {
  std::string escaped;
  try {
    const MemoryGuard guard(memoryLimit_bytes);
    return target.run(input);
  } catch (const std::bad_alloc&) {
    return broken(
        fmt::format("{} bytes of input wanted more than {} bytes of memory", input.size(), memoryLimit_bytes));
  } catch (const std::exception& exception) {
    escaped = exception.what();
  } catch (...) {
    escaped = "of no known type";
  }
  return broken("an exception got out: " + escaped);
}

Report run(const Target& target, const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  Report report;
  for (std::int64_t number = options.first; number < options.first + options.executions; ++number) {
    if (options.seconds && std::chrono::duration<double>(Clock::now() - begin).count() > *options.seconds) break;
    current = number;
    Mutator mutator(seedOf(options.seed, number));
    const std::string input = target.make(mutator);
    Outcome outcome = runOnce(target, input, options.memoryLimit_bytes);
    ++report.executions;
    ++(outcome.isAccepted ? report.accepted : report.refused);
    if (!outcome.problem.empty()) report.findings.push_back({number, input, std::move(outcome.problem)});
    if (report.findings.size() >= kMostFindings) break;
  }
  current = -1;
  return report;
}

const std::vector<Target>& targets() {
  static const std::vector<Target> all = [] {
    std::vector<Target> list{mapTarget(),   configTarget(), tokenizerTarget(), linesTarget(), compressedLinesTarget(),
                             shardTarget(), itemsTarget(),  jsonTarget()};
#ifdef WEFT_FUZZ_TORCH
    list.push_back(safetensorsTarget());
    list.push_back(importTarget());
    list.push_back(spellingsTarget());
    list.push_back(generationTarget());
#endif
    return list;
  }();
  return all;
}

}  // namespace weft::fuzz
