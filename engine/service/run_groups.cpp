#include "engine/service/run_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/store/run_labels.h"

namespace weft::service {

namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 16;  // of weights from a run that started from the weights of another, and so on

bool startsWith(const std::string& text, std::string_view beginning) { return text.rfind(beginning, 0) == 0; }

// PROJECT/runs/12/checkpoints/step-300 -> 12 and "checkpoints/step-300"; RunId 0 for a folder elsewhere.
std::pair<store::RunId, std::string> runOfCheckpoint(const fs::path& checkpoint, const store::Project& project) {
  const fs::path runs = project.runFolder({1}).parent_path();
  const fs::path within = checkpoint.lexically_normal().lexically_relative(runs.lexically_normal());
  std::int64_t number = 0;
  if (within.empty() || !parseInteger(within.begin()->string(), number) || number <= 0) return {};
  fs::path rest;
  for (auto part = std::next(within.begin()); part != within.end(); ++part) rest /= *part;
  return {store::RunId{number}, rest.string()};
}

// The same of a folder elsewhere that is gone: the project was moved, and its runs with it. RunId 0 if it is not of this
// form, or if this project has no such checkpoint.
std::pair<store::RunId, std::string> movedCheckpoint(const fs::path& checkpoint, const store::Project& project) {
  std::error_code error;
  if (fs::exists(checkpoint, error)) return {};
  std::vector<fs::path> parts;
  for (const fs::path& part : checkpoint.lexically_normal())
    if (!part.empty()) parts.push_back(part);
  if (parts.size() < 4 || parts[parts.size() - 4] != "runs") return {};
  std::int64_t number = 0;
  if (!parseInteger(parts[parts.size() - 3].string(), number) || number <= 0) return {};
  const std::string rest = (parts[parts.size() - 2] / parts.back()).string();
  if (!fs::exists(project.runFolder({number}) / rest, error)) return {};
  return {store::RunId{number}, rest};
}

bool isBetterMember(const store::RunSummary& a, const store::RunSummary& b) {
  const bool finishedA = a.state == store::RunState::Finished, finishedB = b.state == store::RunState::Finished;
  return finishedA != finishedB ? finishedA : a.id > b.id;
}

}  // namespace

Result<RunIdentity> RunIdentities::of(store::RunStore& store, store::RunId run) { return read(store, run, 0); }

Result<RunIdentity> RunIdentities::read(store::RunStore& store, store::RunId run, int depth) {
  if (const auto known = m_known.find(run.value); known != m_known.end()) return known->second;
  WEFT_ASSIGN(const std::string toml, store.configToml(run));
  WEFT_ASSIGN(const config::RunConfig config,
              config::parseRunConfig(toml, fmt::format("the configuration of run {}", run.value)));
  RunIdentity identity;
  for (const auto& [key, value] : config::flatten(config)) {
    if (key == "name" || key == "tags" || key == "train.seed") continue;
    std::string shown = value;
    if (key == "train.init_from" && !config.train.initFrom.empty() && depth < kDeepest) {
      auto [origin, checkpoint] = runOfCheckpoint(config.train.initFrom, m_project);
      if (origin.value == 0) std::tie(origin, checkpoint) = movedCheckpoint(config.train.initFrom, m_project);
      if (origin.value > 0 && origin != run) {
        if (const Result<RunIdentity> made = read(store, origin, depth + 1))
          shown = "{" + made->configuration + "} " + checkpoint;
      }
    }
    const std::string line = key + " = " + shown + "\n";
    identity.configuration += line;
    if (startsWith(key, "data.") || key == "evaluation.tokens") identity.text += line;
  }
  m_known.emplace(run.value, identity);
  return identity;
}

Result<std::vector<RunGroup>> groupRuns(store::RunStore& store, RunIdentities& identities,
                                        const std::vector<store::RunSummary>& runs) {
  std::map<std::int64_t, RunIdentity> known;
  for (const store::RunSummary& run : runs) {
    WEFT_ASSIGN(known[run.id.value], identities.of(store, run.id));
  }
  return groupRuns(runs, [&](store::RunId run) { return &known.at(run.value); });
}

std::vector<RunGroup> groupRuns(const std::vector<store::RunSummary>& runs,
                                const std::function<const RunIdentity*(store::RunId)>& identityOf) {
  std::vector<RunGroup> groups;
  std::vector<store::RunSummary> firsts;
  std::unordered_map<std::string_view, std::size_t> placeOf;  // of texts that identityOf keeps
  for (const store::RunSummary& run : runs) {
    const RunIdentity* identity = identityOf(run.id);
    if (identity == nullptr) continue;
    const auto [place, isNew] = placeOf.emplace(identity->configuration, groups.size());
    if (isNew) {
      groups.push_back({.name = run.name, .identity = *identity, .members = {}});
      firsts.push_back(run);
    }
    std::vector<store::RunSummary>& members = groups[place->second].members;
    const auto same = std::find_if(members.begin(), members.end(),
                                   [&](const store::RunSummary& member) { return member.seed == run.seed; });
    if (same == members.end()) {
      members.push_back(run);
    } else if (isBetterMember(run, *same)) {
      *same = run;
    }
  }
  const std::vector<std::string> labels = store::configurationLabels(firsts);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].name = labels[i];
    std::sort(groups[i].members.begin(), groups[i].members.end(),
              [](const auto& a, const auto& b) { return a.seed < b.seed; });
  }
  return groups;
}

std::map<std::int64_t, double> finalPerplexities(const RunGroup& group) {
  std::map<std::int64_t, double> values;
  for (const store::RunSummary& run : group.members) {
    if (run.state == store::RunState::Finished && run.perplexity && std::isfinite(*run.perplexity) &&
        *run.perplexity > 0) {
      values.emplace(run.seed, *run.perplexity);
    }
  }
  return values;
}

statistics::Summary perplexitySummary(const RunGroup& group) {
  std::vector<double> values;
  for (const auto& [seed, perplexity] : finalPerplexities(group)) values.push_back(perplexity);
  return statistics::summarize(values);
}

statistics::Comparison compareGroups(const RunGroup& reference, const RunGroup& subject) {
  const auto named = [](const RunGroup& group) {
    statistics::Subject one{.name = group.name, .kvBytesPerToken = {}};
    if (!group.members.empty() && group.members.front().kvBytesPerToken > 0)
      one.kvBytesPerToken = group.members.front().kvBytesPerToken;
    return one;
  };
  statistics::Comparison comparison;
  comparison.subject = named(subject);
  comparison.reference = named(reference);
  if (reference.identity.configuration == subject.identity.configuration) {
    comparison.obstacle = statistics::Obstacle::SameConfiguration;
    return comparison;
  }
  if (reference.identity.text != subject.identity.text) {
    comparison.obstacle = statistics::Obstacle::OtherText;
    return comparison;
  }
  const std::map<std::int64_t, double> theirs = finalPerplexities(reference), ours = finalPerplexities(subject);
  if (theirs.empty() || ours.empty()) {
    comparison.obstacle = statistics::Obstacle::NotFinished;
    return comparison;
  }
  std::vector<double> references, subjects;
  for (const auto& [seed, perplexity] : theirs) {
    if (const auto twin = ours.find(seed); twin != ours.end()) {
      references.push_back(std::log(perplexity));
      subjects.push_back(std::log(twin->second));
    }
  }
  const bool isOneEach = theirs.size() == 1 && ours.size() == 1;
  if (references.size() < 2 && !isOneEach) {
    comparison.obstacle = statistics::Obstacle::NoPair;
    return comparison;
  }
  comparison.logPerplexity = statistics::pairedT(references, subjects);
  comparison.adjustedP = comparison.logPerplexity.pValue;
  return comparison;
}

std::vector<statistics::Comparison> compareWithFirst(const std::vector<RunGroup>& groups) {
  std::vector<statistics::Comparison> comparisons;
  for (std::size_t i = 1; i < groups.size(); ++i) comparisons.push_back(compareGroups(groups.front(), groups[i]));
  statistics::adjust(comparisons);
  return comparisons;
}

}  // namespace weft::service
