// engine/protocol/jobs.h -- what a worker is told to do: job.json in its run folder, one object, {"kind": "generate",
// "model": "/…/step-400", ...}. Each kind is a struct of its own, whose members are described once (job_fields.h): the
// description writes the file, reads it strictly and explains it. A key of another kind is as wrong as one that no job
// has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"

namespace weft::protocol {

// Trains the configuration that lies beside it as config.toml; resumes from the newest complete checkpoint of
// checkpoints/ when it is not the first attempt. SIGTERM: checkpoint, then `finished` with outcome "stopped"; SIGUSR1:
// the same, "paused". All other kinds end as "canceled" on either signal.
struct TrainJob {
  static constexpr const char* kKind = "train";
  int attempt = 1;
};

// Answers texts "ids" (a JSON list) and "text", summary "kv_bytes" and "tokens".
struct GenerateJob {
  static constexpr const char* kKind = "generate";
  std::string model;
  std::optional<std::string> prompt{};
  std::vector<std::int64_t> ids{};
  std::int64_t tokens = 64;
  double temperature = 0;
  std::int64_t topK = 0, seed = 1;
  std::string dtype{};
  std::optional<std::string> cache{};
};

struct LogitsJob {
  static constexpr const char* kKind = "logits";
  std::string model;
  std::vector<std::int64_t> ids{};
  std::string out{}, dtype{};
  std::optional<std::string> cache{};
};

// A text, the model's own held-out split (no files), or a task over its files.
struct EvaluateJob {
  static constexpr const char* kKind = "evaluate";
  std::string model;
  std::vector<std::string> files{};
  std::string task{};
  std::int64_t window = 0, stride = 0, tokens = 0, limit = 0;
  std::string out{}, dtype{};
  std::optional<std::string> cache{};
};

// Every pair of a batch and a context, each answered by a `measurement` event as soon as it is known.
struct MeasureJob {
  static constexpr const char* kKind = "measure";
  std::string model{};   // this, or
  std::string config{};  // this, with random weights
  std::vector<std::int64_t> batches{1}, contexts{128};
  std::int64_t rounds = 5;
  bool wantsLargestBatch = false;
  std::int64_t memory_bytes = 0;
  std::string dtype{};
  std::optional<std::string> cache{};
};

struct DeviceJob {
  static constexpr const char* kKind = "device";
};

struct TrialJob {
  static constexpr const char* kKind = "trial";
  std::string config;
};

struct ImportJob {
  static constexpr const char* kKind = "import";
  std::string from, out;
};

struct ConvertJob {
  static constexpr const char* kKind = "convert";
  std::string model, out, map;
  std::string method = "first";
  int kvHeads = 0;
  bool allowsUpward = false;
};

struct ExportJob {
  static constexpr const char* kKind = "export";
  std::string model, out;
  std::string layout = "auto", dtype = "keep";
  std::int64_t shardBytes = 5'000'000'000;
};

using JobBody = std::variant<TrainJob, GenerateJob, LogitsJob, EvaluateJob, MeasureJob, DeviceJob, TrialJob, ImportJob,
                             ConvertJob, ExportJob>;
struct Job {
  JobBody body;
  std::string device{};                 // a lane, "cuda:0"; "": the configuration's, else the machine's best
  std::string shards = "../../shards";  // the folder of token shards, from the run folder
};

const char* kindOf(const Job& job);

// One JSON object on several lines, with a line end. Fields that hold nothing are left out.
std::string toJobJson(const Job& job);
// Corrupt: no JSON object, or no kind. InvalidInput: no such kind, a key that this kind does not have (the nearest one
// is named), a wrong type, a number out of range, a required key that is missing. `where` begins each sentence: the
// file.
[[nodiscard]] Result<Job> parseJob(const std::string& text, const std::string& where);
// job.json of a run folder; NotFound besides.
[[nodiscard]] Result<Job> readJob(const std::filesystem::path& runFolder);
[[nodiscard]] Result<void> writeJob(const Job& job, const std::filesystem::path& runFolder);

// Every kind with its keys, types, defaults and meanings, for people.
std::string jobHelp();

}  // namespace weft::protocol
