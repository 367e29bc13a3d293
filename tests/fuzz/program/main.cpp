// weft_fuzz: the readers of files from outside on damaged input, for as long as one likes. README.md beside this folder
// says how.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

// A crash names the execution, so that --first repeats it. Only what is allowed in a handler.
void onCrash(int signal) {
  char line[96];
  const int length = std::snprintf(line, sizeof(line), "weft_fuzz: signal %d in execution %lld\n", signal,
                                   static_cast<long long>(currentExecution()));
  if (write(STDERR_FILENO, line, static_cast<std::size_t>(length)) < 0) _exit(3);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int repeat(const Target& target, const std::vector<std::string>& files, std::int64_t memoryLimit_bytes) {
  int problems = 0;
  for (const std::string& file : files) {
    const Outcome outcome = runOnce(target, contentOf(file), memoryLimit_bytes);
    fmt::print("{}: {}\n", file,
               outcome.problem.empty() ? (outcome.isAccepted ? "accepted" : "refused") : outcome.problem);
    problems += outcome.problem.empty() ? 0 : 1;
  }
  return problems > 0 ? 1 : 0;
}

int report(const Target& target, const Options& options) {
  const Report report = run(target, options);
  for (const Finding& finding : report.findings) {
    const std::string file = fmt::format("weft-fuzz-{}-{}-{}.input", target.name, options.seed, finding.execution);
    std::ofstream(file, std::ios::binary) << finding.input;
    fmt::print("{} --seed {} --first {}: {}\n  input kept in {}\n", target.name, options.seed, finding.execution,
               finding.problem, file);
  }
  fmt::print("{}: {} executions, {} accepted, {} refused, {} problems\n", target.name, report.executions,
             report.accepted, report.refused, report.findings.size());
  std::fflush(stdout);
  return report.findings.empty() ? 0 : 1;
}

int runProgram(int argc, char** argv) {
  std::vector<std::string> names{"all"};
  std::string list;
  for (const Target& target : targets()) {
    names.push_back(target.name);
    list += fmt::format("  {:<12} {}\n", target.name, target.description);
  }
  CLI::App app("Feeds damaged input to Weft's readers of files and says which promise broke.\n\nTargets:\n" + list);
  std::string name;
  std::vector<std::string> files;
  Options options;
  std::int64_t executions = 0;
  double seconds = 0;
  app.add_option("target", name, "one of the targets, or all")->required()->check(CLI::IsMember(names));
  app.add_option("files", files, "inputs to run again instead of making new ones");
  app.add_option("--executions", executions, "how many; else as many as the test does, or without end with --seconds");
  app.add_option("--seconds", seconds, "stop after so long, each target");
  app.add_option("--seed", options.seed, "of the inputs")->capture_default_str();
  app.add_option("--first", options.first, "number of the first execution: repeats one that failed")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, onCrash);
  if (seconds > 0) options.seconds = seconds;
  int code = 0;
  for (const Target& target : targets()) {
    if (name != "all" && name != target.name) continue;
    options.executions = executions > 0 ? executions : seconds > 0 ? std::int64_t{1} << 60 : target.executions;
    code |= files.empty() ? report(target, options) : repeat(target, files, options.memoryLimit_bytes);
  }
  return code;
}

}  // namespace
}  // namespace weft::fuzz

int main(int argc, char** argv) { return weft::fuzz::runProgram(argc, argv); }
