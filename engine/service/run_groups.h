// engine/service/run_groups.h -- runs that differ in nothing but their seed are one configuration. Only configurations
// are compared, over the seeds that they share; the interval and the words are those of base/statistics.h. Used by the
// command line, Compare, captions and the demo alike.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/statistics.h"
#include "engine/store/run_store.h"

namespace weft::service {

struct RunGroup {
  std::string name;  // of its first member; of groups with one name what differs between them follows it
                     // (store::configurationLabels)
  std::string configurationKey, textKey;  // of all its members (store::RunSummary)
  std::vector<store::RunSummary>
      members;  // by seed; of several runs of one seed the newest that finished, else the newest
};

// One group a configuration, in the order of their first runs. A run whose configuration cannot be read is in none.
std::vector<RunGroup> groupRuns(const std::vector<store::RunSummary>& runs);

// The final perplexities of a group's finished members, by seed.
std::map<std::int64_t, double> finalPerplexities(const RunGroup& group);
// Mean, SD and 95% t interval of them (statistics::summarize).
statistics::Summary perplexitySummary(const RunGroup& group);

// subject against reference, over the seeds that both have finished: statistics::pairedT of the log perplexities. Not
// yet adjusted for other comparisons.
statistics::Comparison compareGroups(const RunGroup& reference, const RunGroup& subject);
// Every other group against `reference`, adjusted for each other. Names are the groups'.
std::vector<statistics::Comparison> compareWithFirst(const std::vector<RunGroup>& groups);

}  // namespace weft::service
