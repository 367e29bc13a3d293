#include "engine/data/encoded_pair.h"

#include <string>

#include "engine/data/python_text.h"

namespace weft::data {

std::optional<TokenId> startOfText(const Tokenizer& tokenizer) {
  const std::vector<TokenId> prefix = tokenizer.prefix();
  return prefix.empty() ? tokenizer.endOfText() : std::optional(prefix.back());
}

std::vector<TokenId> encodeWithPrefix(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids = tokenizer.prefix();
  const std::vector<TokenId> own = tokenizer.encode(text);
  ids.insert(ids.end(), own.begin(), own.end());
  return ids;
}

Result<EncodedPair> encodePair(const Tokenizer& tokenizer, std::string_view context, std::string_view continuation) {
  EncodedPair pair;
  const auto nothing = [&] {
    return fail(ErrorCode::InvalidInput,
                "Nothing is left to score of the answer \"" + std::string(continuation) + "\" behind its question.");
  };
  if (context.empty()) {
    const std::optional<TokenId> start = startOfText(tokenizer);
    if (!start)
      return fail(ErrorCode::InvalidInput,
                  "The question is empty, and the tokenizer has no token that stands before a text.");
    pair.continuation = tokenizer.encode(continuation);
    pair.context = {*start};
    if (!pair.continuation.empty() && pair.continuation.front() == *start)
      pair.continuation.erase(pair.continuation.begin());
    if (pair.continuation.empty()) return nothing();
    return pair;
  }
  const std::string whole = std::string(context) + std::string(continuation);
  const std::vector<TokenId> ids = encodeWithPrefix(tokenizer, whole);
  pair.context = encodeWithPrefix(tokenizer, stripRight(context));
  if (ids.size() <= pair.context.size()) return nothing();
  pair.continuation.assign(ids.begin() + static_cast<std::ptrdiff_t>(pair.context.size()), ids.end());
  if (pair.context.empty()) return fail(ErrorCode::InvalidInput, "The question is nothing but white space.");
  return pair;
}

}  // namespace weft::data
