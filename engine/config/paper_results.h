// engine/config/paper_results.h -- what Brandon et al. 2024 (arXiv 2405.12981) print for the models that
// resources/presets/paper-* describe: Table 1 (1B, one learning rate), Table 3 (1B, tuned), Table 5 (3B, heads of 128),
// Table 7 (3B, another stack). SlimPajama, 30 B and 100 B tokens; 16-bit KV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::config {

struct PaperResult {
  int table = 1;
  std::string preset;                // "paper-1b-h128-mqa"
  std::int64_t kvBytesPerToken = 0;  // as printed
  std::optional<double> perplexity,
      wikitext;  // of the held-out SlimPajama tokens, and of WikiText; Table 1 has no second, Table 7 no first
  std::optional<double>
      bodyMillions;  // non-embedding weights without norms, in 10^6: derived from Table 2's shapes, not printed
};
const std::vector<PaperResult>& paperResults();  // in the order of the paper

}  // namespace weft::config
