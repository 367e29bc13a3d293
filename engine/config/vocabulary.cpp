#include "engine/config/vocabulary.h"

#include <fmt/format.h>

namespace weft::config {

Result<std::int64_t> vocabularyFor(std::int64_t vocabulary, const std::string& tokenizer, std::int64_t ids) {
  if (vocabulary == 0) return ids;
  if (vocabulary >= ids) return vocabulary;
  return fail(ErrorCode::InvalidInput,
              fmt::format("model.vocabulary is {}, and the tokenizer {} has {} ids; it must be at least that, or 0.",
                          vocabulary, tokenizer, ids));
}

}  // namespace weft::config
