// engine/worker/job.h -- what weft-worker is started with: `weft-worker RUNFOLDER`. The folder holds job.json, for
// training also config.toml.
//   {"kind": "train", "attempt": 1, "shards": "../../shards", "device": "cuda:0" or ""}   config.toml beside it;
//   resumes from the newest complete
//       checkpoint of checkpoints/ when attempt > 1. SIGTERM: checkpoint, then `finished` with outcome "stopped";
//       SIGUSR1: the same, "paused".
//   The direct jobs below end as "canceled" on either signal, and take "device" too.
//   {"kind": "generate", "model": DIR, "prompt": TEXT or "ids": [..], "tokens": N, "temperature": 0, "top_k": 0,
//   "seed": 1, "cache": ""}
//   {"kind": "logits", "model": DIR, "ids": [..], "out": FILE, "dtype": "float32"}
//   {"kind": "evaluate", "model": DIR, "files": [..] (empty: the model's own held-out split), "shards": DIR, "window":
//   0, "stride": 0, "tokens": 0,
//       "cache": "", "dtype": ""}   "tokens": how many are scored
//       or with "task": "wikitext" (data/wikitext.h) or one of data/choice_tasks.h, "files" in the data set's form,
//       "limit": 0 (pages or items), "out": "" (a .jsonl of every item's choices and likelihoods)
//   {"kind": "measure", "model": DIR or "config": TOML TEXT (random weights), "batch": B, "context": T, "cache": "",
//   "dtype": ""}
//       or "batches": [..], "contexts": [..]: every pair of them, each timed in "rounds": 5; "largest_batch": 1
//       instead: the largest batch that fits each context. "memory_bytes": what weights, cache and all else may take
//       (0: what is available now, on a CPU less a reserve).
//   {"kind": "device"}   what the device does at most (device/peaks.h)
//   {"kind": "trial", "config": TOML TEXT}   how fast a training of this configuration goes: a few steps with random
//   weights and random tokens
//   {"kind": "import", "from": DIR, "out": DIR}   another project's model folder as a checkpoint
//   (interchange/import_model.h)
//   {"kind": "convert", "model": DIR, "out": DIR, "map": TEXT, "method": "first" or "mean", "kv_heads": 0,
//   "allow_upward": 0} interchange/convert_model.h
//   {"kind": "export", "model": DIR, "out": DIR, "layout": "auto", "llama" or "cross-layer", "dtype": "keep",
//   "float32", "bfloat16" or "float16",
//    "shard_bytes": N}   a checkpoint as a folder for transformers (interchange/export_model.h)
// Relative folders of "shards" are meant from the run folder.
// The answer of a direct job stands in `finished`: summary (numbers) and texts (strings; lists as JSON text: "ids").
#pragma once

#include <cstdio>
#include <filesystem>

#include "engine/base/result.h"

namespace weft::worker {
// Runs the job of this folder to its last event; the exit code of the process: 0; 3 if the job failed or its last event
// could not be written; 2 if there is no such folder. `log`: where sentences for people go; the service makes it the
// run's log.txt. The only catch(...) of the program is in here.
int runJob(const std::filesystem::path& runFolder, std::FILE* log);
}  // namespace weft::worker
