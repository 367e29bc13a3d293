// A token shard: whatever passes the hash holds the tokens that were written.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "engine/data/token_shard.h"
#include "tests/fuzz/targets.h"

namespace weft::fuzz {
namespace {

const std::vector<data::TokenId> kTokens{1, 2, 3, 4, 256, 6, 7, 8, 9};

const std::string& seed() {
  static const std::string content = [] {
    const std::filesystem::path file = scratchFile("whole.bin", "");
    auto writer = data::TokenShardWriter::create(file, 257).value();
    if (!writer.append(kTokens) || !writer.finish()) throw std::runtime_error("the shard to damage cannot be written");
    return contentOf(file);
  }();
  return content;
}

Outcome check(const std::string& content) {
  const auto shard = data::TokenShard::open(scratchFile("fuzz.bin", content));
  if (!shard) return refused(shard.error());
  std::vector<std::int64_t> ids(static_cast<std::size_t>(shard->size()));
  shard->copy(0, ids);
  if (const Result<void> isWhole = shard->verify(); !isWhole) return refused(isWhole.error());
  if (!std::equal(ids.begin(), ids.end(), kTokens.begin(), kTokens.end()))
    return broken("other tokens than were written pass the hash");
  return {.isAccepted = true, .problem = ""};
}

}  // namespace

Target shardTarget() {
  return {
      .name = "shard",
      .description = "token ids on disk",
      .executions = 6000,
      .make =
          [](Mutator& mutator) {
            return mutator.bytes(seed(), {std::string(8, '\0'), std::string(8, '\xFF'), std::string("\0\0\0\x80", 4)});
          },
      .run = check};
}

}  // namespace weft::fuzz
