// engine/config/demo.h -- the demo's runs: four sharing patterns on the same tokens with paired seeds, and one of them
// read through an int8 cache.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/run_config.h"

namespace weft::config {

struct DemoOptions {
  bool quick = false;  // one seed and an eighth of the tokens: it shows the way and compares nothing
  std::vector<std::string> files, validFiles;  // text; both empty = the synthetic corpus
  std::string tokenizer = "byte";
  bool cuda = false;                // larger model and more tokens
  std::vector<std::int64_t> seeds;  // empty: 21, 22 and 23; of --quick 21 alone
};

// Seed by seed: MHA, MQA, MQA-CLA2 and H16-MQA, the narrower MQA with MQA-CLA2's KV bytes; after all of them MQA-CLA2
// of each seed read through the int8 cache, which is not trained: the caller sets train.initFrom to a checkpoint of
// the run that has the name demoOriginal() gives and the same seed.
std::vector<RunConfig> demoRuns(const DemoOptions& options);
// The name of the run whose weights a run of the demo reads; "" for one that is trained.
std::string demoOriginal(const RunConfig& config);

// What is held against what, by name (subject, reference): sharing against its dense twin of twice the bytes, and
// against a dense one of equal bytes. No more: each further comparison costs the others some of what three seeds can
// show.
const std::vector<std::pair<std::string, std::string>>& demoComparisons();

}  // namespace weft::config
