#include "engine/data/header_corpus.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/files.h"

namespace weft::data {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeldOut = 20;  // one in so many
constexpr const char* kFolders[] = {"c10", "torch/csrc", "ATen/core", "ATen/native", "ATen/cpu", "ATen/cuda"};

bool isHeader(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.symlink_status(error).type() == fs::file_type::regular &&
         (entry.path().extension() == ".h" || entry.path().extension() == ".cuh");
}

// Relative to the include folder, with '/', sorted by their bytes.
std::vector<std::string> headersBelow(const fs::path& includeFolder) {
  std::vector<std::string> headers;
  std::error_code error;
  for (const char* folder : kFolders) {
    for (fs::recursive_directory_iterator
             entry(includeFolder / folder, fs::directory_options::skip_permission_denied, error),
         end;
         !error && entry != end; entry.increment(error)) {
      if (isHeader(*entry)) headers.push_back(entry->path().lexically_relative(includeFolder).generic_string());
    }
  }
  std::sort(headers.begin(), headers.end());
  return headers;
}

struct Document {
  std::string path, text;
};

std::string hashOf(const std::vector<Document>& documents) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  const auto add = [&](const std::string& text) { XXH3_128bits_update(state.get(), text.data(), text.size()); };
  for (const Document& document : documents) {
    add(fmt::format("{}\n{}\n", document.path, document.text.size()));
    add(document.text);
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// Those whose place modulo kHeldOut is the last, or the others.
std::string linesOf(const std::vector<Document>& documents, bool isHeldOut) {
  std::string lines;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if ((i % kHeldOut == kHeldOut - 1) != isHeldOut) continue;
    const nlohmann::ordered_json line{{"text", documents[i].text}, {"path", documents[i].path}};
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  return lines;
}

}  // namespace

fs::path usualIncludeFolder() {
  const char* folder = std::getenv("WEFT_TORCH_DIR");
  return folder != nullptr && *folder != '\0' ? fs::path(folder) / "include" : fs::path(WEFT_TORCH_INCLUDE);
}

bool isKnown(const HeaderCorpus& corpus) {
  return corpus.bytes == kKnownHeaderBytes && corpus.hash == kKnownHeaderHash;
}

Result<HeaderCorpus> prepareHeaderCorpus(const fs::path& includeFolder, const fs::path& folder) {
  const std::vector<std::string> headers = headersBelow(includeFolder);
  if (headers.size() < kHeldOut) {
    return fail(ErrorCode::NotFound,
                fmt::format("{} holds {} headers of LibTorch; its include folder has c10, torch/csrc and ATen.",
                            includeFolder.string(), headers.size()));
  }
  HeaderCorpus corpus;
  std::vector<Document> documents;
  for (const std::string& header : headers) {
    WEFT_ASSIGN(std::string text, readFile(includeFolder / header));
    corpus.bytes += static_cast<std::int64_t>(text.size());
    documents.push_back({header, std::move(text)});
  }
  corpus.headers = static_cast<int>(documents.size());
  corpus.hash = hashOf(documents);
  const std::string name = "libtorch-headers-" + corpus.hash.substr(0, 8);
  corpus.trainFile = folder / (name + ".train.jsonl");
  corpus.validFile = folder / (name + ".valid.jsonl");
  WEFT_TRY(createFolders(folder));
  for (const auto& [file, isHeldOut] : {std::pair(corpus.trainFile, false), std::pair(corpus.validFile, true)}) {
    // A file that is there stays as it is: runs are tied to its time, and a data set is prepared once.
    const std::string lines = linesOf(documents, isHeldOut);
    std::error_code error;
    if (fs::file_size(file, error) == lines.size() && !error) continue;
    WEFT_TRY(writeFileAtomically(file, lines));
  }
  return corpus;
}

}  // namespace weft::data
