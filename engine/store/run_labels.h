// engine/store/run_labels.h -- what a run is called where several are shown. One rule for tables, plots, messages and
// the command line:
//   The label is the name. Where several of those shown bear one name, what differs among these follows it: "MQA s2",
//   "MQA cla2 500 steps s1". What is appended, in this order: kind, map (its generator if it has one), layers, hidden,
//   heads, cache, steps, seed, archived; where these do not tell two apart, the bytes of KV per token and the
//   parameters; where nothing that a summary knows does, the run's number: "MQA s1 #12".
// Two different runs never get one label. O(n): 10,000 runs of four names take some milliseconds.
#pragma once

#include <string>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::store {

// In the order of `shown`.
std::vector<std::string> runLabels(const std::vector<RunSummary>& shown);
std::vector<std::string> runLabels(const std::vector<const RunSummary*>& shown);
// Only what is appended, "" where the name alone will do: for places that write the two in different colours.
std::vector<std::string> runDistinctions(const std::vector<RunSummary>& shown);
std::vector<std::string> runDistinctions(const std::vector<const RunSummary*>& shown);

// What configurations are called, each by one of its runs: as runLabels, but seeds do not count, since every seed is
// meant.
std::vector<std::string> configurationLabels(std::vector<RunSummary> representatives);

// Of one run among `all` (those of the project, or any that may be taken for it). O(n) without touching runs of other
// names.
std::string runLabel(const RunSummary& run, const std::vector<RunSummary>& all);

}  // namespace weft::store
