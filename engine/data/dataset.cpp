#include "engine/data/dataset.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/synthetic_corpus.h"
#include "engine/data/token_shard.h"
#include "engine/data/tokenizer.h"
#include "engine/data/utf8.h"

namespace weft::data {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// In every fingerprint: raised when the same input would give other shards or other numbers.
constexpr int kFormat = 1;

void report(const PrepareProgress& progress, double fraction, const std::string& what) {
  if (progress) progress(std::clamp(fraction, 0.0, 1.0), what);
}

// ---- fingerprint

// A file that was written again has another size or time; the same name elsewhere is another path.
Result<std::string> identityOf(const std::string& name) {
  std::error_code error;
  const fs::path file = fs::weakly_canonical(name, error);
  const fs::file_status status = fs::status(name, error);
  if (!fs::exists(status)) return fail(ErrorCode::NotFound, fmt::format("There is no text file '{}'.", name));
  if (!fs::is_regular_file(status))
    return fail(ErrorCode::InvalidInput, fmt::format("'{}' is not a file of text.", name));
  const std::uintmax_t bytes = fs::file_size(name, error);
  if (error) return fail(ErrorCode::Io, fmt::format("Cannot look at '{}': {}.", name, error.message()));
  const fs::file_time_type time = fs::last_write_time(name, error);
  if (error) return fail(ErrorCode::Io, fmt::format("Cannot look at '{}': {}.", name, error.message()));
  return fmt::format("{}\n{}\n{}\n", file.string(), bytes, time.time_since_epoch().count());
}

Result<std::string> fingerprintOf(const config::DataConfig& data, const Tokenizer& tokenizer) {
  std::string identity = fmt::format("weft dataset {}\n{}\n{}\n{:.17g}\n", kFormat, tokenizer.fingerprint(),
                                     data.source, data.validFraction);
  if (data.source == "synthetic") identity += fmt::format("{}\n{}\n", data.syntheticTokens, data.syntheticSeed);
  for (const auto* files : {&data.files, &data.validFiles}) {
    identity += fmt::format("{} files\n", data.source == "synthetic" ? 0 : files->size());
    if (data.source == "synthetic") continue;
    for (const std::string& file : *files) {
      WEFT_ASSIGN(const std::string one, identityOf(file));
      identity += one;
    }
  }
  const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

// ---- dataset.json

Dataset emptyDataset(const fs::path& folder, std::string fingerprint) {
  Dataset dataset;
  dataset.trainShard = folder / "train.bin";
  dataset.validShard = folder / "valid.bin";
  dataset.fingerprint = std::move(fingerprint);
  return dataset;
}

Result<void> save(const Dataset& dataset, const fs::path& folder) {
  Json json{{"format", kFormat},
            {"fingerprint", dataset.fingerprint},
            {"vocabulary_size", dataset.vocabularySize},
            {"train_tokens", dataset.trainTokens},
            {"valid_tokens", dataset.validTokens},
            {"valid_bytes", dataset.validBytes},
            {"valid_words", dataset.validWords},
            {"unigram_perplexity", dataset.unigramPerplexity}};
  if (!dataset.notes.empty()) json["notes"] = dataset.notes;
  if (dataset.entropyFloor_nats) json["entropy_floor_nats_per_token"] = *dataset.entropyFloor_nats;
  return writeFileAtomically(folder / "dataset.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

// What is there and whole, or nothing: whatever is wrong with it, preparing again puts it right.
std::optional<Dataset> load(const fs::path& folder, const std::string& fingerprint) {
  const Result<std::string> text = readFile(folder / "dataset.json");
  if (!text) return std::nullopt;
  const Json json = parseJson(*text, "dataset.json", JsonDialect::Strict).value_or(Json());
  if (!json.is_object()) return std::nullopt;
  bool isWhole =
      json.value("format", Json()) == Json(kFormat) && json.value("fingerprint", Json()) == Json(fingerprint);
  const auto integer = [&](const char* key) -> std::int64_t {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) {
      isWhole = false;
      return 0;
    }
    return found->get<std::int64_t>();
  };
  Dataset dataset = emptyDataset(folder, fingerprint);
  dataset.vocabularySize = integer("vocabulary_size");
  dataset.trainTokens = integer("train_tokens");
  dataset.validTokens = integer("valid_tokens");
  dataset.validBytes = integer("valid_bytes");
  dataset.validWords = integer("valid_words");
  const auto perplexity = json.find("unigram_perplexity");
  if (perplexity == json.end() || !perplexity->is_number()) return std::nullopt;
  dataset.unigramPerplexity = perplexity->get<double>();
  if (const auto floor = json.find("entropy_floor_nats_per_token"); floor != json.end()) {
    if (!floor->is_number()) return std::nullopt;
    dataset.entropyFloor_nats = floor->get<double>();
  }
  if (const auto notes = json.find("notes"); notes != json.end() && notes->is_array()) {
    for (const Json& note : *notes) dataset.notes.push_back(note.is_string() ? note.get<std::string>() : "");
  }
  if (!isWhole) return std::nullopt;
  for (const auto& [path, tokens] :
       {std::pair{dataset.trainShard, dataset.trainTokens}, {dataset.validShard, dataset.validTokens}}) {
    const Result<TokenShard> shard = TokenShard::open(path);
    if (!shard || shard->size() != tokens || shard->vocabularySize() != dataset.vocabularySize) return std::nullopt;
  }
  return dataset;
}

// ---- lock

// Held until destroyed; the system releases it when the process dies. The lock file stays: removing it would let two
// processes hold "it".
class PreparationLock {
 public:
  static Result<PreparationLock> acquire(const fs::path& path, const PrepareProgress& progress) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0)
      return fail(ErrorCode::Io,
                  fmt::format("Cannot create the lock file '{}': {}.", path.string(), std::strerror(errno)));
    PreparationLock lock(descriptor);
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return fail(ErrorCode::Io, fmt::format("Cannot lock '{}': {}.", path.string(), std::strerror(errno)));
      }
      report(progress, 0, "waiting for another run that prepares the same data");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return lock;
  }
  PreparationLock(PreparationLock&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}
  PreparationLock& operator=(PreparationLock&&) = delete;
  ~PreparationLock() {
    if (m_descriptor >= 0) ::close(m_descriptor);
  }

 private:
  explicit PreparationLock(int descriptor) : m_descriptor(descriptor) {}
  int m_descriptor;
};

// ---- the two splits

// One shard in the making, with what is counted on the way.
struct SplitBuilder {
  const Tokenizer& tokenizer;
  TokenShardWriter writer;
  std::vector<std::int64_t> counts;  // of each token
  std::int64_t bytes = 0, words = 0;

  static Result<SplitBuilder> create(const fs::path& path, const Tokenizer& tokenizer) {
    WEFT_ASSIGN(TokenShardWriter writer, TokenShardWriter::create(path, tokenizer.vocabularySize()));
    return SplitBuilder{tokenizer, std::move(writer),
                        std::vector<std::int64_t>(static_cast<std::size_t>(tokenizer.vocabularySize()))};
  }

  Result<void> addText(std::string_view text) {
    bytes += static_cast<std::int64_t>(text.size());
    words += countWords(text);
    return addTokens(tokenizer.encode(text));
  }
  Result<void> addDocument(std::string_view text) {
    WEFT_TRY(addText(text));
    if (const std::optional<TokenId> end = tokenizer.endOfText()) return addTokens({*end});
    return {};
  }
  Result<void> addTokens(const std::vector<TokenId>& ids) {
    for (const TokenId id : ids) ++counts[id];
    return writer.append(ids);
  }
};

struct Splits {
  SplitBuilder train, valid;
  std::vector<std::string> notes;  // of the files
};

// exp of the mean of -log((count + 1) / (train tokens + vocabulary)) over the held-out tokens, counts of the training
// split.
double unigramPerplexity(const Splits& splits) {
  const double all = static_cast<double>(splits.train.writer.size()) + static_cast<double>(splits.train.counts.size());
  double nats = 0;
  for (std::size_t id = 0; id < splits.valid.counts.size(); ++id) {
    if (splits.valid.counts[id] == 0) continue;
    nats -= static_cast<double>(splits.valid.counts[id]) *
            std::log((static_cast<double>(splits.train.counts[id]) + 1) / all);
  }
  return std::exp(nats / static_cast<double>(std::max<std::int64_t>(1, splits.valid.writer.size())));
}

// ---- text files

struct CorpusSize {
  std::int64_t documents = 0, bytes = 0, lastDocumentBytes = 0;
};

Result<CorpusSize> measure(const std::vector<std::string>& files, const PrepareProgress& progress) {
  CorpusSize size;
  for (const std::string& file : files) {
    report(progress, 0, "reading " + fs::path(file).filename().string());
    WEFT_TRY(readDocuments(file, [&](std::string&& text) {
      ++size.documents;
      size.lastDocumentBytes = static_cast<std::int64_t>(text.size());
      size.bytes += size.lastDocumentBytes;
      return true;
    }));
  }
  return size;
}

// Where the held-out part begins: at a whole document, or, when there are fewer documents than 1 / fraction, within the
// last one.
struct HeldOut {
  std::int64_t firstDocument = 0;
  std::int64_t bytesOfLast = 0;  // > 0: only the end of the last document
};

HeldOut heldOut(const CorpusSize& size, double fraction) {
  const auto documents = static_cast<std::int64_t>(std::floor(static_cast<double>(size.documents) * fraction + 1e-9));
  if (documents > 0) return {.firstDocument = size.documents - documents};
  const auto wanted = static_cast<std::int64_t>(std::ceil(static_cast<double>(size.bytes) * fraction));
  const std::int64_t most = size.documents == 1 ? size.lastDocumentBytes : size.lastDocumentBytes / 2;
  return {.firstDocument = size.documents, .bytesOfLast = std::min(wanted, most)};
}

// The line start nearest after the wanted place, else the nearest before it, else (one line only) a character start.
std::size_t cutBefore(std::string_view text, std::int64_t bytesOfEnd) {
  const std::size_t wanted = text.size() - std::min(text.size(), static_cast<std::size_t>(bytesOfEnd));
  const std::size_t after = text.find('\n', wanted > 0 ? wanted - 1 : 0);
  if (after != std::string_view::npos && after + 1 < text.size()) return after + 1;
  const std::size_t before = wanted > 0 ? text.rfind('\n', wanted - 1) : std::string_view::npos;
  if (before != std::string_view::npos) return before + 1;
  std::size_t cut = wanted;
  while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return cut;
}

// Hands each document of the files, with its number, to `take`, and reports by bytes.
Result<void> forEachDocument(const std::vector<std::string>& files, std::int64_t allBytes,
                             const PrepareProgress& progress, std::vector<std::string>& notes,
                             const std::function<Result<void>(std::int64_t, std::string_view)>& take) {
  std::int64_t number = 0, bytes = 0;
  double reported = -1;
  for (const std::string& file : files) {
    Result<void> outcome;
    ReadNotes changes;
    const auto takeOne = [&](std::string&& text) {
      const double fraction = static_cast<double>(bytes) / static_cast<double>(std::max<std::int64_t>(1, allBytes));
      if (fraction >= reported + 0.01) {
        reported = fraction;
        report(progress, fraction, "tokenizing " + fs::path(file).filename().string());
      }
      bytes += static_cast<std::int64_t>(text.size());
      outcome = take(number++, text);
      return outcome.has_value();
    };
    WEFT_TRY(readDocuments(file, takeOne, &changes));
    WEFT_TRY(outcome);
    if (std::string note = changes.sentence(file); !note.empty()) notes.push_back(std::move(note));
  }
  return {};
}

Result<void> buildFromText(const config::DataConfig& data, Splits& splits, const PrepareProgress& progress) {
  if (data.files.empty())
    return fail(ErrorCode::InvalidInput, "data.files is empty: name at least one .txt, .jsonl or .jsonl.zst file.");
  WEFT_ASSIGN(const CorpusSize size, measure(data.files, progress));
  if (!data.validFiles.empty()) {
    WEFT_TRY(forEachDocument(data.files, size.bytes, progress, splits.notes,
                             [&](std::int64_t, std::string_view text) { return splits.train.addDocument(text); }));
    return forEachDocument(data.validFiles, size.bytes, progress, splits.notes,
                           [&](std::int64_t, std::string_view text) { return splits.valid.addDocument(text); });
  }
  const HeldOut held = heldOut(size, data.validFraction);
  return forEachDocument(data.files, size.bytes, progress, splits.notes,
                         [&](std::int64_t number, std::string_view text) -> Result<void> {
                           if (number >= held.firstDocument) return splits.valid.addDocument(text);
                           if (held.bytesOfLast == 0 || number + 1 != size.documents)
                             return splits.train.addDocument(text);
                           const std::size_t cut = cutBefore(text, held.bytesOfLast);
                           WEFT_TRY(splits.train.addDocument(text.substr(0, cut)));
                           return splits.valid.addDocument(text.substr(cut));
                         });
}

// ---- the synthetic corpus

// Text until the split has `tokens`; returns its nats. One endless text: no end-of-text tokens, which the source's
// entropy does not know.
Result<double> buildFromSource(SyntheticCorpus& source, std::int64_t& sourceBytes, std::int64_t tokens,
                               SplitBuilder& split, const PrepareProgress& progress) {
  const double natsBefore = source.entropyPerByte_nats() * static_cast<double>(sourceBytes);
  while (split.writer.size() < tokens) {
    report(progress, static_cast<double>(split.writer.size()) / static_cast<double>(tokens),
           "writing the synthetic corpus");
    const std::string text = source.generate(std::min<std::int64_t>(1 << 18, tokens - split.writer.size()));
    sourceBytes += static_cast<std::int64_t>(text.size());
    WEFT_TRY(split.addText(text));
  }
  return source.entropyPerByte_nats() * static_cast<double>(sourceBytes) - natsBefore;
}

Result<double> buildSynthetic(const config::DataConfig& data, Splits& splits, const PrepareProgress& progress) {
  if (data.syntheticTokens < 1) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("data.synthetic_tokens is {}; it should be positive.", data.syntheticTokens));
  }
  SyntheticCorpus source(static_cast<std::uint64_t>(data.syntheticSeed));
  const auto validTokens =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(data.syntheticTokens) * data.validFraction));
  std::int64_t bytes = 0;
  WEFT_TRY(buildFromSource(source, bytes, data.syntheticTokens - validTokens, splits.train, progress));
  return buildFromSource(source, bytes, validTokens, splits.valid, progress);
}

Result<Dataset> build(const config::DataConfig& data, const Tokenizer& tokenizer, Dataset dataset,
                      const PrepareProgress& progress) {
  WEFT_ASSIGN(SplitBuilder train, SplitBuilder::create(dataset.trainShard, tokenizer));
  WEFT_ASSIGN(SplitBuilder valid, SplitBuilder::create(dataset.validShard, tokenizer));
  Splits splits{std::move(train), std::move(valid), {}};
  if (data.source == "synthetic") {
    WEFT_ASSIGN(const double nats, buildSynthetic(data, splits, progress));
    dataset.entropyFloor_nats = nats / static_cast<double>(std::max<std::int64_t>(1, splits.valid.writer.size()));
  } else {
    WEFT_TRY(buildFromText(data, splits, progress));
  }
  dataset.notes = std::move(splits.notes);
  dataset.vocabularySize = tokenizer.vocabularySize();
  dataset.trainTokens = splits.train.writer.size();
  dataset.validTokens = splits.valid.writer.size();
  dataset.validBytes = splits.valid.bytes;
  dataset.validWords = splits.valid.words;
  // A sequence is at least one token read and one predicted.
  if (dataset.trainTokens < 2 || dataset.validTokens < 2) {
    return fail(
        ErrorCode::InvalidInput,
        fmt::format("There is too little text: {} tokens to train on and {} held out, where each needs at least 2; "
                    "give more text or another data.valid_fraction.",
                    dataset.trainTokens, dataset.validTokens));
  }
  dataset.unigramPerplexity = unigramPerplexity(splits);
  WEFT_TRY(splits.train.writer.finish());
  WEFT_TRY(splits.valid.writer.finish());
  return dataset;
}

}  // namespace

Result<Dataset> prepareDataset(const config::DataConfig& data, const fs::path& shardsFolder,
                               const PrepareProgress& progress) {
  if (data.source != "synthetic" && data.source != "text") {
    return fail(ErrorCode::InvalidInput,
                fmt::format("data.source is \"{}\"; it should be \"synthetic\" or \"text\".", data.source));
  }
  const bool splitsByFraction = data.source == "synthetic" || data.validFiles.empty();
  if (splitsByFraction && !(data.validFraction > 0 && data.validFraction < 1)) {
    return fail(ErrorCode::InvalidInput,
                fmt::format("data.valid_fraction is {}; it should lie between 0 and 1.", data.validFraction));
  }
  WEFT_ASSIGN(const std::shared_ptr<const Tokenizer> tokenizer, openTokenizer(data.tokenizer));
  WEFT_ASSIGN(const std::string fingerprint, fingerprintOf(data, *tokenizer));
  const fs::path folder = shardsFolder / fingerprint;
  const auto named = [&](Dataset dataset) {
    dataset.tokenizerName = tokenizer->name();
    dataset.tokenizerFingerprint = tokenizer->fingerprint();
    return dataset;
  };
  if (std::optional<Dataset> ready = load(folder, fingerprint)) return named(*std::move(ready));

  WEFT_TRY(createFolders(shardsFolder));
  WEFT_ASSIGN(const PreparationLock lock, PreparationLock::acquire(shardsFolder / (fingerprint + ".lock"), progress));
  if (std::optional<Dataset> ready = load(folder, fingerprint)) return named(*std::move(ready));
  // What a crash left behind goes; dataset.json comes last, so that nobody takes a half for the whole.
  std::error_code error;
  fs::remove_all(folder, error);
  WEFT_TRY(createFolders(folder));
  Result<Dataset> dataset = build(data, *tokenizer, emptyDataset(folder, fingerprint), progress);
  if (!dataset) {
    fs::remove_all(folder, error);
    return dataset;
  }
  WEFT_TRY(save(*dataset, folder));
  report(progress, 1, "data ready");
  return named(*std::move(dataset));
}

}  // namespace weft::data
