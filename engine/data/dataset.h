// engine/data/dataset.h -- from a DataConfig to two shards on disk (train, valid), prepared once and shared by every
// run that asks for the same.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/config/run_config.h"

namespace weft::data {

struct Dataset {
  std::filesystem::path trainShard, validShard;
  std::int64_t vocabularySize = 0;  // of the tokenizer
  std::int64_t trainTokens = 0, validTokens = 0;
  std::int64_t validBytes = 0, validWords = 0;  // UTF-8 bytes and white-space words of the held-out text
  double unigramPerplexity = 0;  // of the held-out tokens under the training split's add-one unigram distribution
  std::optional<double> entropyFloor_nats;  // per token, of the synthetic corpus: no model can do better
  std::string tokenizerName, tokenizerFingerprint;
  std::vector<std::string> notes;  // sentences about what was changed in reading (ReadNotes), one a file
  std::string fingerprint;         // of tokenizer, files (path, size, time) and split
};

// fraction in 0..1 and a sentence ("tokenizing valid.txt")
using PrepareProgress = std::function<void(double fraction, const std::string& what)>;

// Finds or makes shards in `shardsFolder`/<fingerprint>/. Two processes may call it at once: one prepares, the other
// waits (lock file). NotFound, Corrupt, Io, InvalidInput (too little text for one sequence).
[[nodiscard]] Result<Dataset> prepareDataset(const config::DataConfig& data, const std::filesystem::path& shardsFolder,
                                             const PrepareProgress& progress = {});

}  // namespace weft::data
