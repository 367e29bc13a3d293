// engine/config/vocabulary.h -- a model's vocabulary against its tokenizer's.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace weft::config {

// `vocabulary` (model.vocabulary), or `ids`, of which the tokenizer has so many, where that is 0. InvalidInput where it
// is less than that: some token would have no embedding.
[[nodiscard]] Result<std::int64_t> vocabularyFor(std::int64_t vocabulary, const std::string& tokenizer,
                                                 std::int64_t ids);

}  // namespace weft::config
