// engine/service/design_differences.h -- in words, what a run will have that its design does not say, because of the
// tokenizer, the cache or the type of its device, and what it has as drawn.
#pragma once

#include <string>
#include <vector>

#include "engine/service/resolved_run.h"

namespace weft::service {

// What a design counts with.
struct DrawnNumbers {
  sharing::ModelShape shape;  // vocabulary 0: without the embedding
  sharing::SharingMap map = sharing::SharingMap::identity(1);
  sharing::ElementType type = sharing::ElementType::BFloat16;
};

struct DesignDifference {
  bool differs = false;
  std::string number;  // "722,432 parameters": what stands out
  std::string reason;  // ", not 689,536: ...", or ", as drawn"
};
// Parameters, KV bytes per token, and the cache if it is a plugin's.
std::vector<DesignDifference> differencesFromDesign(const ResolvedRun& run, const DrawnNumbers& drawn);

}  // namespace weft::service
