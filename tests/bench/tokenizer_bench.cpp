// Tokenizing a corpus in one thread, against the PyPI package `tokenizers` on the same documents, by turns.
//   WEFT_BENCH_TOKENIZER  a tokenizer.json               [../shared/data/gpt-neox-20b/tokenizer.json]
//   WEFT_BENCH_TEXT       .txt, .jsonl or .jsonl.zst     [../shared/data/corpus/valid.jsonl.zst]
//   WEFT_BENCH_PYTHON     a Python that has `tokenizers`; ./dev bench names one. Without it ours is timed alone.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/tokenizer.h"
#include "tests/bench/peer_process.h"

namespace weft::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 9;
constexpr std::size_t kMostBytes = 64u << 20;  // of a larger corpus the first documents

std::string variableOr(const char* name, const fs::path& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise.string();
}

struct Round {
  double seconds = 0;
  std::size_t tokens = 0;
  std::uint32_t checksum = 0;
};

Round encodeAll(const data::Tokenizer& tokenizer, const std::vector<std::string>& documents) {
  Round round;
  std::vector<std::vector<data::TokenId>> ids(documents.size());
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < documents.size(); ++i) ids[i] = tokenizer.encode(documents[i]);
  round.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const auto& document : ids) {
    round.tokens += document.size();
    for (const data::TokenId id : document) round.checksum = 31 * round.checksum + id;
  }
  return round;
}

std::string packed(const std::vector<std::string>& documents) {
  std::string content;
  for (const std::string& document : documents) {
    for (std::size_t shift = 0; shift < 64; shift += 8) content.push_back(static_cast<char>(document.size() >> shift));
    content += document;
  }
  return content;
}

// The other tokenizer on the same documents, in a process of its own.
struct Peer {
  std::unique_ptr<PeerProcess> process;
  std::string version;

  std::optional<Round> encodeAll() {
    process->send("encode");
    const std::optional<std::string> answer = process->receive();
    Round round;
    if (!answer || !(std::istringstream(*answer) >> round.seconds >> round.tokens >> round.checksum))
      return std::nullopt;
    return round;
  }
};

// Without a process if there is no such Python or it has no `tokenizers`.
Peer startPeer(const std::string& python, const std::string& definition, const fs::path& documents) {
  Peer peer;
  if (python.empty()) return peer;
  const fs::path script = fs::path(WEFT_BENCH_SOURCE_DIR) / "tokenizer_peer.py";
  peer.process =
      std::make_unique<PeerProcess>(std::vector<std::string>{python, script.string(), definition, documents.string()});
  if (const auto version = peer.process->receive()) {
    peer.version = *version;
  } else {
    peer.process.reset();
  }
  return peer;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void tokenizer(benchmark::State& state) {
  const fs::path shared = fs::path(WEFT_BENCH_SOURCE_DIR).parent_path().parent_path().parent_path() / "shared" / "data";
  const std::string definition = variableOr("WEFT_BENCH_TOKENIZER", shared / "gpt-neox-20b" / "tokenizer.json");
  const std::string file = variableOr("WEFT_BENCH_TEXT", shared / "corpus" / "valid.jsonl.zst");
  if (!fs::exists(definition) || !fs::exists(file)) {
    return state.SkipWithError(
        "name a tokenizer.json in WEFT_BENCH_TOKENIZER and a .txt, .jsonl or .jsonl.zst in WEFT_BENCH_TEXT");
  }
  const auto opened = data::openTokenizer(definition);
  if (!opened) return state.SkipWithError(opened.error().message.c_str());
  std::vector<std::string> documents;
  std::size_t bytes = 0;
  const Result<void> isRead = data::readDocuments(file, [&](std::string&& text) {
    bytes += text.size();
    documents.push_back(std::move(text));
    return bytes < kMostBytes;
  });
  if (!isRead) return state.SkipWithError(isRead.error().message.c_str());

  const auto folder = TemporaryFolder::create("weft-bench");
  if (!folder) return state.SkipWithError(folder.error().message.c_str());
  const Result<void> isWritten = writeFileAtomically(folder->path() / "documents", packed(documents));
  if (!isWritten) return state.SkipWithError(isWritten.error().message.c_str());
  Peer peer = startPeer(variableOr("WEFT_BENCH_PYTHON", ""), definition, folder->path() / "documents");

  // The first round of each warms its caches and is compared.
  const Round expected = encodeAll(**opened, documents);
  if (peer.process) {
    const std::optional<Round> first = peer.encodeAll();
    if (!first) return state.SkipWithError("tokenizers could not encode the documents");
    if (first->tokens != expected.tokens || first->checksum != expected.checksum)
      return state.SkipWithError("the ids differ from those of tokenizers");
  }
  std::vector<double> ours, theirs;
  for (auto _ : state) {
    const Round round = encodeAll(**opened, documents);
    ours.push_back(round.seconds);
    state.SetIterationTime(round.seconds);
    if (!peer.process) continue;
    const std::optional<Round> other = peer.encodeAll();
    if (!other) return state.SkipWithError("tokenizers ended early");
    theirs.push_back(other->seconds);
  }
  const double megabytes = static_cast<double>(bytes) / 1e6;
  state.counters["ours_MB/s"] = megabytes / median(ours);
  const std::string what = fmt::format("{} documents, {:.1f} MB, one thread", documents.size(), megabytes);
  if (theirs.empty()) return state.SetLabel(what + "; no peer: WEFT_BENCH_PYTHON names no Python that has tokenizers");
  state.counters["peer_MB/s"] = megabytes / median(theirs);
  state.counters["ours/peer"] = median(theirs) / median(ours);
  state.SetLabel(fmt::format("{}; peer: tokenizers {}, the same ids", what, peer.version));
}
BENCHMARK(tokenizer)->UseManualTime()->Iterations(kRounds)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::bench
