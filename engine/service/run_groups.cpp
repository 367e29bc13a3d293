#include "engine/service/run_groups.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/store/run_labels.h"

namespace weft::service {

namespace {

bool isBetterMember(const store::RunSummary& a, const store::RunSummary& b) {
  const bool finishedA = a.state == store::RunState::Finished, finishedB = b.state == store::RunState::Finished;
  return finishedA != finishedB ? finishedA : a.id > b.id;
}

}  // namespace

std::vector<RunGroup> groupRuns(const std::vector<store::RunSummary>& runs) {
  std::vector<RunGroup> groups;
  std::vector<store::RunSummary> firsts;
  std::unordered_map<std::string_view, std::size_t> placeOf;
  std::map<std::pair<std::size_t, std::int64_t>, std::size_t> memberOf;  // by group and seed
  for (const store::RunSummary& run : runs) {
    if (run.configurationKey.empty()) continue;
    const auto [place, isNew] = placeOf.emplace(run.configurationKey, groups.size());
    if (isNew) {
      groups.push_back(
          {.name = run.name, .configurationKey = run.configurationKey, .textKey = run.textKey, .members = {}});
      firsts.push_back(run);
    }
    std::vector<store::RunSummary>& members = groups[place->second].members;
    const auto [member, isFirst] = memberOf.emplace(std::pair(place->second, run.seed), members.size());
    if (isFirst) {
      members.push_back(run);
    } else if (isBetterMember(run, members[member->second])) {
      members[member->second] = run;
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
  if (reference.configurationKey == subject.configurationKey) {
    comparison.obstacle = statistics::Obstacle::SameConfiguration;
    return comparison;
  }
  if (reference.textKey != subject.textKey) {
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
