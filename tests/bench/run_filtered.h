// tests/bench/run_filtered.h -- what the benchmark programs do with their arguments: a bare word is a filter, `./dev
// bench tokenizer`.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace weft::bench {

// The exit code: 2 for an unknown option or a filter that matches nothing.
inline int runFiltered(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::size_t at = 1; at < words.size(); ++at) {
    if (words[at].rfind("--", 0) != 0) words[at] = "--benchmark_filter=" + words[at];
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 2;
  benchmark::Shutdown();
  return 0;
}

}  // namespace weft::bench
