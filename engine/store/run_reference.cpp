#include "engine/store/run_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/base/text.h"
#include "engine/store/run_labels.h"

namespace weft::store {

namespace {

// "MQA s1, MQA s2 and 40 more".
std::string listed(const std::vector<std::string>& labels) {
  constexpr std::size_t kMost = 5;
  if (labels.size() > kMost) {
    std::vector<std::string> first(labels.begin(), labels.begin() + kMost);
    return join(first, ", ") + fmt::format(" and {} more", labels.size() - kMost);
  }
  if (labels.size() < 2) return join(labels, ", ");
  return join({labels.begin(), labels.end() - 1}, ", ") + " and " + labels.back();
}

std::vector<RunSummary> named(const std::vector<RunSummary>& all, std::string_view name) {
  std::vector<RunSummary> runs;
  std::copy_if(all.begin(), all.end(), std::back_inserter(runs),
               [&](const RunSummary& run) { return run.name == name; });
  return runs;
}

std::vector<std::string> wordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(text, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// The runs of one name whose distinction has all the words; the seed and the number may be named even where they
// distinguish nothing.
std::vector<RunSummary> fitting(const std::vector<RunSummary>& runs, std::string_view wanted) {
  const std::vector<std::string> distinctions = runDistinctions(runs);
  std::vector<RunSummary> fit;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (distinctions[i] == wanted) return {runs[i]};
    std::vector<std::string> words = wordsOf(distinctions[i]);
    words.push_back(fmt::format("s{}", runs[i].seed));
    words.push_back(fmt::format("#{}", runs[i].id.value));
    const std::vector<std::string> asked = wordsOf(wanted);
    const auto isSaid = [&](const std::string& word) {
      return std::find(words.begin(), words.end(), word) != words.end();
    };
    if (!asked.empty() && std::all_of(asked.begin(), asked.end(), isSaid)) fit.push_back(runs[i]);
  }
  return fit;
}

// nullopt: no beginning of the text is a name.
std::optional<Result<RunReference>> byLabel(const std::vector<RunSummary>& all, const std::string& text) {
  // The longest name that fits: names may have spaces in them.
  for (std::size_t cut = text.find_last_of(" :"); cut != std::string::npos && cut > 0;
       cut = text.find_last_of(" :", cut - 1)) {
    const std::vector<RunSummary> runs = named(all, std::string_view(text).substr(0, cut));
    if (runs.empty()) continue;
    const std::vector<RunSummary> fit = fitting(runs, trim(std::string_view(text).substr(cut + 1)));
    if (fit.size() == 1) return RunReference{fit.front(), ""};
    if (fit.empty())
      return fail(ErrorCode::NotFound,
                  fmt::format("There is no run '{}'; {} named {}: {}.", text,
                              runs.size() == 1 ? "one run is" : fmt::format("{} runs are", runs.size()),
                              runs.front().name, listed(runLabels(runs))));
    std::vector<std::string> labels;
    for (const RunSummary& run : fit) labels.push_back(runLabel(run, runs));
    return fail(ErrorCode::InvalidInput, fmt::format("'{}' fits {} runs: {}; name one of them or give its number.",
                                                     text, fit.size(), listed(labels)));
  }
  return std::nullopt;
}

}  // namespace

Result<RunReference> findRunReference(RunStore& store, const std::string& text) {
  Result<RunSummary> found = store.findRun(text);
  if (found && found->name != text) return RunReference{std::move(*found), ""};  // by its number
  if (!found && found.error().code != ErrorCode::NotFound) return tl::unexpected(found.error());
  WEFT_ASSIGN(const std::vector<RunSummary> all, store.runs());
  if (!found) {
    std::optional<Result<RunReference>> labelled = byLabel(all, text);
    return labelled ? std::move(*labelled) : tl::unexpected(found.error());
  }
  const std::vector<RunSummary> runs = named(all, text);
  if (runs.size() < 2) return RunReference{std::move(*found), ""};
  std::string remark = fmt::format("{} runs are named {}: {}. This is {}, the newest.", runs.size(), text,
                                   listed(runLabels(runs)), runLabel(*found, runs));
  return RunReference{std::move(*found), std::move(remark)};
}

Result<std::vector<RunSummary>> findRunsMeant(RunStore& store, const std::string& text) {
  WEFT_ASSIGN(RunReference one, findRunReference(store, text));
  if (one.remark.empty()) return std::vector{std::move(one.run)};
  WEFT_ASSIGN(const std::vector<RunSummary> all, store.runs());
  std::vector<RunSummary> runs = named(all, text);
  if (std::any_of(runs.begin(), runs.end(), [](const RunSummary& run) { return !run.archived; }))
    std::erase_if(runs, [](const RunSummary& run) { return run.archived; });
  return runs;
}

}  // namespace weft::store
