// A training step against PyTorch's, as its users write it (train_peer.py): the same model and first weights, the same
// tokens and threads, by turns in one run. ./dev bench train
//   WEFT_BENCH_PYTHON  a Python that has torch; ./dev bench names one. Without it nothing is reported.
//   WEFT_BENCH_COMPILE 1: the peer is torch.compile instead of eager.
// Beside the ratio stands its ceiling: eager's time over that of its bare matrix products and attention. MFU needs the
// peak of the device, which a CPU does not tell; FLOP/s by the causal formula (sharing/cost_model.h) stand instead.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/files.h"
#include "engine/base/statistics.h"
#include "engine/config/presets.h"
#include "engine/nn/checkpoint.h"
#include "engine/train/adamw.h"
#include "engine/train/passes.h"
#include "tests/bench/peer_process.h"

namespace weft::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 9;
constexpr std::int64_t kBatches = 4;  // of tokens, taken in turn

struct Case {
  std::int64_t hidden, feedForward, vocabulary;
  int layers, queryHeads, headWidth;
  std::int64_t batch, sequence;
};

config::RunConfig configOf(const Case& size) {
  config::RunConfig config = config::preset("demo-mqa-cla2").value();
  config.model.layers = size.layers;
  config.model.hidden = size.hidden;
  config.model.feedForward = size.feedForward;
  config.model.vocabulary = size.vocabulary;
  config.model.queryHeads = size.queryHeads;
  config.model.kvHeads = 1;
  config.model.headWidth = size.headWidth;
  config.model.sharing = "cla2";
  config.train.batchSequences = size.batch;
  config.train.sequenceLength = size.sequence;
  return config;
}

std::int64_t statusBytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

class Ours {
 public:
  Ours(nn::Decoder& decoder, const config::RunConfig& config, const at::Tensor& tokens)
      : m_rate(config.train.learningRate),
        m_tokens(tokens),
        m_parameters(decoder.parameters()),
        m_optimizer(m_parameters, config.train),
        m_passes(decoder, m_parameters, config.train.batchSequences, config.train.sequenceLength) {}
  double step() {
    m_passes.begin();
    m_passes.add(m_tokens[m_step++ % kBatches], 1);
    const at::Tensor loss = m_passes.finish();
    m_optimizer.step(m_rate);
    return loss.item<double>();
  }

 private:
  double m_rate;
  at::Tensor m_tokens;
  step::Parameters m_parameters;
  train::AdamW m_optimizer;
  train::Passes m_passes;
  std::int64_t m_step = 0;
};

nlohmann::json jobOf(const config::RunConfig& config, const fs::path& folder) {
  const config::TrainConfig& train = config.train;
  nlohmann::json sources = nlohmann::json::array();
  const sharing::SharingMap map = config::sharingMap(config.model).value();
  for (int layer = 0; layer < map.layerCount(); ++layer) sources.push_back(map.layer(layer).kSource);
  const char* compile = std::getenv("WEFT_BENCH_COMPILE");
  return {{"mode", compile && std::string(compile) == "1" ? "compile" : "eager"},
          {"threads", at::get_num_threads()},
          {"weights", (folder / "model.safetensors").string()},
          {"tokens", (folder / "tokens").string()},
          {"batch", train.batchSequences},
          {"rate", train.learningRate},
          {"beta1", train.beta1},
          {"beta2", train.beta2},
          {"epsilon", train.epsilon},
          {"weight_decay", train.weightDecay},
          {"clip", train.clipNorm},
          {"model",
           {{"hidden", config.model.hidden},
            {"feed_forward", config.model.feedForward},
            {"query_heads", config.model.queryHeads},
            {"kv_heads", config.model.kvHeads},
            {"head_width", config.model.headWidth},
            {"vocabulary", config.model.vocabulary},
            {"epsilon", config.model.normEpsilon},
            {"theta", config.model.ropeTheta},
            {"sequence", train.sequenceLength},
            {"source", sources}}}};
}

struct Answer {
  double seconds = 0, loss = 0, bytes = 0;
};

class Peer {
 public:
  Peer(const std::string& python, const fs::path& job)
      : m_process({python, (fs::path(WEFT_BENCH_SOURCE_DIR) / "train_peer.py").string(), job.string()}),
        m_version(m_process.receive().value_or("")) {}
  const std::string& version() const { return m_version; }
  Answer ask(const std::string& what) {
    m_process.send(what);
    Answer answer;
    std::istringstream(m_process.receive().value_or("")) >> answer.seconds >> answer.loss >> answer.bytes;
    return answer;
  }

 private:
  PeerProcess m_process;
  std::string m_version;
};

void run(benchmark::State& state, const Case& size) {
  const char* python = std::getenv("WEFT_BENCH_PYTHON");
  if (!python)
    return state.SkipWithError("a time of ours alone says nothing; WEFT_BENCH_PYTHON names a Python that has torch");
  const config::RunConfig config = configOf(size);
  const sharing::SharingMap map = config::sharingMap(config.model).value();
  const auto folder = TemporaryFolder::create("weft-bench").value();
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  const std::int64_t before = statusBytes("VmRSS:");
  const auto decoder = nn::Decoder::create(nn::decoderSpec(config.model, map), 1, at::kCPU).value();
  const at::Tensor tokens = torch::randint(size.vocabulary, {kBatches, size.batch, size.sequence + 1}, at::kLong);
  std::ofstream(folder.path() / "tokens", std::ios::binary)
      .write(static_cast<const char*>(tokens.const_data_ptr()), static_cast<std::streamsize>(tokens.nbytes()));
  const Result<void> saved = nn::saveModel(folder.path(), *decoder, config);
  if (!saved) return state.SkipWithError(saved.error().message.c_str());
  std::ofstream(folder.path() / "job.json") << jobOf(config, folder.path()).dump();

  Peer peer(python, folder.path() / "job.json");
  if (peer.version().empty()) return state.SkipWithError("WEFT_BENCH_PYTHON names no Python that has torch");
  Ours ours(*decoder, config, tokens);
  // The first two steps warm up, and must have the same losses: the second one's depends on every gradient.
  for (int step = 0; step < 2; ++step) {
    const double mine = ours.step(), theirs = peer.ask("step").loss;
    if (!(std::abs(mine - theirs) < 1e-3 * theirs))
      return state.SkipWithError(fmt::format("step {}: loss {} against the peer's {}", step, mine, theirs).c_str());
  }
  std::vector<double> logOurs, logTheirs, ceilings;
  double peerBytes = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    ours.step();
    const double mine = std::chrono::duration<double>(Clock::now() - begin).count();
    const Answer theirs = peer.ask("step"), bare = peer.ask("bare");
    state.SetIterationTime(mine);
    logOurs.push_back(std::log(mine));
    logTheirs.push_back(std::log(theirs.seconds));
    ceilings.push_back(std::log(theirs.seconds / bare.seconds));
    peerBytes = theirs.bytes;
  }
  const statistics::PairedDifference ratio = statistics::pairedT(logOurs, logTheirs);
  const double mine = std::exp(statistics::summarize(logOurs).mean);
  const auto perStep = static_cast<double>(size.batch * size.sequence);
  const auto cost = sharing::cost(config::shapeOf(config.model), map, {.context = size.sequence}).value();
  state.counters["tokens/s"] = perStep / mine;
  state.counters["GFLOP/s"] = cost.flops.train * perStep / mine / 1e9;
  state.counters["peer/ours"] = std::exp(ratio.mean);
  state.counters["ceiling"] = std::exp(statistics::summarize(ceilings).mean);
  state.counters["ours_MB"] = static_cast<double>(statusBytes("VmHWM:") - before) / 1e6;
  state.counters["peer_MB"] = peerBytes / 1e6;
  state.SetLabel(fmt::format(
      "{:.1f}M parameters, {} x {} tokens, {} threads; torch {}: peer/ours {:.3f} ({:.3f} to {:.3f}, {} pairs)",
      static_cast<double>(cost.parameters.total()) / 1e6, size.batch, size.sequence, at::get_num_threads(),
      peer.version(), std::exp(ratio.mean), std::exp(ratio.interval->low), std::exp(ratio.interval->high), kRounds));
}

const Case kSmall{.hidden = 128,
                  .feedForward = 352,
                  .vocabulary = 257,
                  .layers = 4,
                  .queryHeads = 4,
                  .headWidth = 32,
                  .batch = 16,
                  .sequence = 128};
const Case kMiddle{.hidden = 512,
                   .feedForward = 1376,
                   .vocabulary = 8192,
                   .layers = 7,
                   .queryHeads = 8,
                   .headWidth = 64,
                   .batch = 16,
                   .sequence = 128};

Case longer(Case size, std::int64_t sequence) {
  size.batch = std::max<std::int64_t>(1, size.batch * size.sequence / sequence);
  size.sequence = sequence;
  return size;
}

void add(const char* name, const Case& size) {
  benchmark::RegisterBenchmark(name, run, size)->UseManualTime()->Iterations(kRounds)->Unit(benchmark::kMillisecond);
}

[[maybe_unused]] const bool kRegistered = [] {
  add("trainSmall128", kSmall);
  add("trainSmall2048", longer(kSmall, 2048));
  add("trainSmall4096", longer(kSmall, 4096));
  add("trainMiddle128", kMiddle);
  add("trainMiddle2048", longer(kMiddle, 2048));
  add("trainMiddle4096", longer(kMiddle, 4096));
  return true;
}();

}  // namespace
}  // namespace weft::bench
