// app/cli/comparisons.h -- configurations over their seeds and the comparisons between them, as tables and as JSON. The
// words are base/statistics.h's.
#pragma once

#include <string>
#include <vector>

#include "app/cli/output.h"
#include "engine/base/statistics.h"
#include "engine/service/run_groups.h"

namespace weft::cli {

// One row a configuration: perplexity as the mean with half of its 95% t interval and n; KV bytes, parameters, mean
// tokens/s.
std::string groupTable(const std::vector<service::RunGroup>& groups);
// "MQA-CLA2 against MQA: half of MQA's KV bytes; perplexity +0.2% ± 0.6% (3 seeds, paired): no difference beyond the
// seeds." One a line.
std::string comparisonLines(const std::vector<statistics::Comparison>& comparisons);

// name, map, cache, n, seeds, perplexity {mean, standard_deviation, low, high}, runs (their numbers).
Json groupsJson(const std::vector<service::RunGroup>& groups);
// subject, reference, unit, n, difference, low, high (relative: 0.02 = 2% more), p, p_adjusted, comparisons,
// is_difference, sentence.
Json comparisonsJson(const std::vector<statistics::Comparison>& comparisons);

}  // namespace weft::cli
