// tests/fuzz/targets.h -- one reader each. What they promise stands in the reader's header; what is asked of it in the
// target's file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz.h"

namespace weft::fuzz {

Target mapTarget();              // sharing/map_text.h
Target configTarget();           // config/run_config.h
Target tokenizerTarget();        // data/bpe_definition.h, and the tokenizer made of what passed
Target linesTarget();            // data/corpus_reader.h: .jsonl
Target compressedLinesTarget();  // data/corpus_reader.h: .jsonl.zst
Target shardTarget();            // data/token_shard.h
Target itemsTarget();            // data/choice_tasks.h, data/wikitext.h
Target jsonTarget();             // base/json.h: tokenizer_config.json and its like
Target safetensorsTarget();      // nn/safetensors.h, where there is torch
Target importTarget();           // interchange/foreign_config.h and export_config.h, where there is torch
Target spellingsTarget();        // interchange/foreign_config.h: fields that are spelled twice
Target generationTarget();       // interchange/end_tokens.h

// A file below the system's temporary folder, for readers that take a path. Overwritten by the next of the same name.
std::filesystem::path scratchFile(const std::string& name, std::string_view content);
std::filesystem::path fixture(const std::string& name);  // of tests/fixtures
std::string contentOf(const std::filesystem::path& file);

}  // namespace weft::fuzz
