// ui/plot/paper_table.h -- published rows to hold one's own runs against: Table 1 of Brandon et al. 2024, arXiv
// 2405.12981 (1B family, 30 B tokens of SlimPajama, fixed learning rate; 16-bit KV bytes). Parameters follow from the
// shapes (tied embeddings, vocabulary 50,304).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::ui {

struct PaperRow {
  std::string name;
  double kvBytesPerToken = 0;
  double perplexity = 0;
  std::int64_t parameters = 0;
};
const std::vector<PaperRow>& paperTable1();

}  // namespace weft::ui
