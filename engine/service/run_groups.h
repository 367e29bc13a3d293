// engine/service/run_groups.h -- runs that differ in nothing but their seed are one configuration. Only configurations
// are compared, over the seeds that they share; the interval and the words are those of base/statistics.h. Used by the
// command line, Compare, captions and the demo alike.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/statistics.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::service {

// What makes a run comparable; two texts to test for equality, not to show.
struct RunIdentity {
  std::string configuration;  // every field of its configuration but name, tags and train.seed
  std::string text;           // what its perplexity is of: data and evaluation
};

// The identities of runs, each read once: a run's configuration never changes. Weights that a run starts from count as
// the configuration of the run that made them (the int8 twins of three seeds are one configuration too). Belongs to one
// thread, as the store does.
class RunIdentities {
 public:
  explicit RunIdentities(store::Project project) : m_project(std::move(project)) {}
  // NotFound, Corrupt, InvalidInput: the run's configuration cannot be read.
  [[nodiscard]] Result<RunIdentity> of(store::RunStore& store, store::RunId run);

 private:
  [[nodiscard]] Result<RunIdentity> read(store::RunStore& store, store::RunId run, int depth);
  store::Project m_project;
  std::map<std::int64_t, RunIdentity> m_known;
};

struct RunGroup {
  std::string name;  // of its first member; of groups with one name what differs between them follows it
                     // (store::configurationLabels)
  RunIdentity identity;
  std::vector<store::RunSummary>
      members;  // by seed; of several runs of one seed the newest that finished, else the newest
};

// One group a configuration, in the order of their first runs.
[[nodiscard]] Result<std::vector<RunGroup>> groupRuns(store::RunStore& store, RunIdentities& identities,
                                                      const std::vector<store::RunSummary>& runs);
// The same of identities that are known already; a run without one (nullptr) is in no group.
std::vector<RunGroup> groupRuns(const std::vector<store::RunSummary>& runs,
                                const std::function<const RunIdentity*(store::RunId)>& identityOf);

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
