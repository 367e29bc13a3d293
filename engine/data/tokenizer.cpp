#include "engine/data/tokenizer.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "engine/base/files.h"
#include "engine/data/bpe_definition.h"
#include "engine/data/bpe_tokenizer.h"
#include "engine/data/byte_tokenizer.h"

namespace weft::data {
namespace {

namespace fs = std::filesystem;

// "gpt-neox-20b/tokenizer.json": the folder says which tokenizer it is, the file is always called the same.
std::string nameOf(const fs::path& file) {
  const fs::path folder = file.parent_path().filename();
  return folder.empty() || folder == "." ? file.filename().string() : (folder / file.filename()).string();
}

std::string hashOf(std::string_view content) {
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  return fmt::format("bpe-{:016x}{:016x}", hash.high64, hash.low64);
}

Result<void> checkSize(const fs::path& file, const std::string& shown) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(file, error);
  if (!error && bytes > static_cast<std::uintmax_t>(kMaxTokenizerBytes)) {
    return fail(
        ErrorCode::Corrupt,
        fmt::format(
            "'{}' is not a BPE tokenizer.json that Weft reads: it has {} bytes, and none in use has more than {}.",
            shown, bytes, kMaxTokenizerBytes));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> openTokenizer(const std::string& nameOrPath) {
  if (nameOrPath == "byte") return std::make_shared<const ByteTokenizer>();
  if (nameOrPath == kNoTokenizer) {
    return fail(
        ErrorCode::InvalidInput,
        "The model has no tokenizer that Weft reads, so that it takes no text; token ids (--ids) work, and `weft "
        "import` takes a tokenizer.json that lies in the model's folder.");
  }
  std::error_code error;
  fs::path file = nameOrPath;
  if (fs::is_directory(file, error)) file /= "tokenizer.json";
  const fs::file_status status = fs::status(file, error);
  if (nameOrPath.empty() || !fs::exists(status)) {
    return fail(
        ErrorCode::NotFound,
        fmt::format("There is no tokenizer '{}': give \"byte\" or the path of a BPE tokenizer.json.", nameOrPath));
  }
  WEFT_TRY(checkSize(file, file.string()));
  WEFT_ASSIGN(const std::string content, readFile(file));
  WEFT_ASSIGN(BpeDefinition definition, parseBpeDefinition(content, file.string()));
  return std::make_shared<const BpeTokenizer>(std::move(definition), nameOf(fs::absolute(file, error)),
                                              hashOf(content));
}

}  // namespace weft::data
