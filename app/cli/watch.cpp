#include "app/cli/watch.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "app/cli/output.h"
#include "app/cli/run_table.h"
#include "engine/base/text.h"
#include "engine/service/client.h"
#include "engine/store/run_labels.h"

namespace weft::cli {

namespace {

using store::RunState;
using store::RunSummary;

constexpr auto kPoll = std::chrono::milliseconds(200);
constexpr int kPollsBetweenServiceChecks = 10;
constexpr int kMostRestarts = 5;

bool isSettled(const RunSummary& run) {
  return store::isTerminal(run.state) || run.state == RunState::Draft || run.state == RunState::Held ||
         run.state == RunState::Paused;
}

std::string details(const RunSummary& run) {
  std::string text;
  if (run.steps > 0) text += fmt::format("  step {}/{}", run.step, run.steps);
  if (run.lastLoss) text += fmt::format("  loss {:.3f}", *run.lastLoss);
  if (run.perplexity) text += "  perplexity " + formatPerplexity(*run.perplexity);
  if (run.tokensPerSecond) text += "  " + groupDigits(static_cast<std::int64_t>(*run.tokensPerSecond)) + " tokens/s";
  if (store::isActive(run.state) && !run.phase.empty()) text += "  " + run.phase;
  return text;
}

int terminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

// Keeps one line a run where it is and redraws them.
class Bars {
 public:
  void show(const std::vector<RunSummary>& runs) {
    const std::vector<std::string> labels = store::runLabels(runs);
    std::size_t widest = 0;
    for (const std::string& label : labels) widest = std::max(widest, label.size());
    std::string text = m_lines > 0 ? fmt::format("\x1b[{}A", m_lines) : "";
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const RunSummary& run = runs[i];
      const double fraction = run.state == RunState::Finished ? 1 : run.progress;
      // The bar's 24 characters have three bytes each; what follows is cut so that no line wraps.
      const std::string head = fmt::format("{:<{}} {} {:3.0f}% {:<9}", labels[i], widest, bar(fraction, 24),
                                           100 * fraction, store::toString(run.state));
      const int room = terminalWidth() - static_cast<int>(widest) - 24 - 18;
      text += "\x1b[2K" + head + details(run).substr(0, static_cast<std::size_t>(std::max(room, 0))) + "\n";
    }
    m_lines = runs.size();
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  std::size_t m_lines = 0;
};

// A line when a run's state changes and at every tenth of its way.
class Lines {
 public:
  void show(const std::vector<RunSummary>& runs) {
    const std::vector<std::string> labels = store::runLabels(runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const RunSummary& run = runs[i];
      const std::pair<RunState, int> now{run.state, static_cast<int>(run.progress * 10)};
      const auto [known, isNew] = m_last.try_emplace(run.id, now);
      if (!isNew && known->second == now) continue;
      known->second = now;
      if (isNew && run.state == RunState::Queued) continue;
      inform(fmt::format("{} {}{}", labels[i], stateName(run), details(run)));
    }
  }

 private:
  std::map<store::RunId, std::pair<RunState, int>> m_last;
};

Result<std::vector<RunSummary>> readRuns(store::RunStore& store, const std::vector<store::RunId>& ids) {
  std::vector<RunSummary> runs;
  for (const store::RunId id : ids) {
    WEFT_ASSIGN(RunSummary run, store.run(id));
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

Result<std::vector<RunSummary>> watchRuns(const store::Project& project, store::RunStore& store,
                                          const std::vector<store::RunId>& ids) {
  Bars bars;
  Lines lines;
  const bool hasTerminal = isTerminal(STDERR_FILENO);
  int restarts = 0;
  std::int64_t seen = -1;
  for (int poll = 0;; ++poll) {
    WEFT_ASSIGN(const std::int64_t version, store.dataVersion());
    if (version != seen) {
      seen = version;
      WEFT_ASSIGN(std::vector<RunSummary> runs, readRuns(store, ids));
      hasTerminal ? bars.show(runs) : lines.show(runs);
      if (std::all_of(runs.begin(), runs.end(), isSettled)) return runs;
    }
    if (poll % kPollsBetweenServiceChecks == kPollsBetweenServiceChecks - 1 && !service::isEngineRunning(project)) {
      if (++restarts > kMostRestarts) {
        return fail(ErrorCode::Internal,
                    "The background service ended again and again; `weft engine --foreground` shows why.");
      }
      WEFT_TRY(service::ensureEngine(project));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<void> requireSuccess(const std::vector<RunSummary>& runs) {
  for (const RunSummary& run : runs) {
    if (run.state == RunState::Failed || run.state == RunState::Lost || run.state == RunState::Killed) {
      const std::string why = run.failure.empty() ? "." : ": " + run.failure;
      return fail(ErrorCode::JobFailed,
                  fmt::format("Run {} ({}) {}{}", run.id.value, run.name, store::toString(run.state), why));
    }
  }
  return {};
}

}  // namespace weft::cli
