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
  constexpr std::size_t kMost = 8;
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

// "MQA s2": the runs whose name and label begin and go on so. Empty: no beginning of the text is a name.
Result<std::vector<RunSummary>> byLabel(const std::vector<RunSummary>& all, const std::string& text) {
  // The longest name that fits: names may have spaces in them.
  for (std::size_t cut = text.find_last_of(" :"); cut != std::string::npos && cut > 0;
       cut = text.find_last_of(" :", cut - 1)) {
    const std::vector<RunSummary> runs = named(all, std::string_view(text).substr(0, cut));
    if (runs.empty()) continue;
    std::vector<RunSummary> fit = fitting(runs, trim(std::string_view(text).substr(cut + 1)));
    if (!fit.empty()) return fit;
    return fail(ErrorCode::NotFound,
                fmt::format("There is no run '{}'; {} named {}: {}.", text,
                            runs.size() == 1 ? "one run is" : fmt::format("{} runs are", runs.size()),
                            runs.front().name, listed(runLabels(runs))));
  }
  return std::vector<RunSummary>{};
}

tl::unexpected<Error> notFound(const std::vector<RunSummary>& all, const std::string& text) {
  std::vector<std::string> names;
  for (auto run = all.rbegin(); run != all.rend(); ++run)
    if (std::find(names.begin(), names.end(), run->name) == names.end()) names.push_back(run->name);
  const std::string nearest = nearestName(text, names);
  const std::string hint = names.empty()     ? "this project has no runs yet"
                           : nearest.empty() ? "`weft runs` lists them"
                                             : "the nearest name is '" + nearest + "'";
  return fail(ErrorCode::NotFound, fmt::format("There is no run '{}'; {}.", text, hint));
}

// "2 runs are named MQA: 1 (s1) and 2 (s2). Which one? Give its number, or its label, like MQA:s1."
tl::unexpected<Error> question(const std::string& text, const std::vector<RunSummary>& runs,
                               const std::vector<RunSummary>& all) {
  const std::vector<std::string> distinctions = runDistinctions(named(all, runs.front().name));
  std::vector<std::string> places;
  std::string label;
  for (std::size_t i = 0, at = 0; const RunSummary& run : all) {
    if (run.name != runs.front().name) continue;
    const std::string& distinction = distinctions[i++];
    if (at == runs.size() || runs[at].id != run.id) continue;
    ++at;
    places.push_back(distinction.empty() ? fmt::format("{}", run.id.value)
                                         : fmt::format("{} ({})", run.id.value, distinction));
    if (label.empty() && !distinction.empty()) label = run.name + ":" + distinction;
  }
  if (label.find(' ') != std::string::npos) label = "'" + label + "'";
  const std::string which = runs.front().name == text ? "are named " + text : "fit '" + text + "'";
  return fail(ErrorCode::InvalidInput, fmt::format("{} runs {}: {}. Which one? Give its number, or its label, like {}.",
                                                   runs.size(), which, listed(places), label));
}

struct Found {
  std::vector<RunSummary> runs;  // at least one
  std::vector<RunSummary> all;   // of the project; empty where a number said which
};

Result<Found> findFitting(RunStore& store, const std::string& text) {
  std::int64_t number = 0;
  if (parseInteger(text, number)) {
    Result<RunSummary> byNumber = store.run(RunId{number});
    if (byNumber) return Found{{std::move(*byNumber)}, {}};
    if (byNumber.error().code != ErrorCode::NotFound) return tl::unexpected(byNumber.error());
  }
  Found found;
  WEFT_ASSIGN(found.all, store.runs());
  found.runs = named(found.all, text);
  if (found.runs.empty()) {
    WEFT_ASSIGN(found.runs, byLabel(found.all, text));
  }
  if (found.runs.empty()) return notFound(found.all, text);
  return found;
}

}  // namespace

Result<RunSummary> RunStore::findRun(const std::string& text) {
  WEFT_ASSIGN(Found found, findFitting(*this, text));
  if (found.runs.size() > 1) return question(text, found.runs, found.all);
  return std::move(found.runs.front());
}

Result<std::vector<RunSummary>> findRunsMeant(RunStore& store, const std::string& text) {
  WEFT_ASSIGN(Found found, findFitting(store, text));
  std::vector<RunSummary>& runs = found.runs;
  if (runs.size() > 1 && runs.front().name != text) return question(text, runs, found.all);
  if (std::any_of(runs.begin(), runs.end(), [](const RunSummary& run) { return !run.archived; }))
    std::erase_if(runs, [](const RunSummary& run) { return run.archived; });
  return std::move(runs);
}

}  // namespace weft::store
