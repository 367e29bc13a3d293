// tokenize, inspect: files that come from outside, read without a model.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/inspect_safetensors.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/data/corpus_reader.h"
#include "engine/data/token_shard.h"
#include "engine/data/tokenizer.h"
#include "engine/data/utf8.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

struct TokenizeArguments {
  std::string tokenizer = "byte", file;
};

Result<void> tokenize(const TokenizeArguments& arguments, const Context&) {
  WEFT_ASSIGN(const auto tokenizer, data::openTokenizer(arguments.tokenizer));
  std::int64_t documents = 0, tokens = 0;
  const auto take = [&](std::string&& text) {
    const std::vector<data::TokenId> ids = tokenizer->encode(text);
    ++documents;
    tokens += static_cast<std::int64_t>(ids.size());
    print(jsonText(Json{{"ids", ids}}));
    return true;
  };
  if (arguments.file == "-" || arguments.file == "/dev/stdin") {
    WEFT_ASSIGN(std::string text, readFile("-"));
    data::ReadNotes notes;
    if (const std::int64_t line = data::firstIllFormedLine(text); line > 0)
      notes.add(line, data::replaceInvalidUtf8(text));
    if (notes.replacedBytes > 0) inform("weft: " + notes.sentence("standard input"));
    take(std::move(text));
  } else {
    data::ReadNotes notes;
    WEFT_TRY(data::readDocuments(arguments.file, take, &notes));
    if (notes.replacedBytes > 0) inform("weft: " + notes.sentence(arguments.file));
  }
  inform(
      fmt::format("{} documents, {} tokens with {}", groupDigits(documents), groupDigits(tokens), tokenizer->name()));
  return {};
}

Result<Json> inspectTokenizer(const fs::path& path) {
  WEFT_ASSIGN(const auto tokenizer, data::openTokenizer(path.string()));
  const auto end = tokenizer->endOfText();
  return Json{{"kind", "tokenizer"},
              {"name", tokenizer->name()},
              {"vocabulary", tokenizer->vocabularySize()},
              {"end_of_text", end ? Json(*end) : Json()},
              {"fingerprint", tokenizer->fingerprint()}};
}

Result<Json> inspectShard(const fs::path& path) {
  WEFT_ASSIGN(const data::TokenShard shard, data::TokenShard::open(path));
  WEFT_TRY(shard.verify());
  return Json{{"kind", "shard"}, {"tokens", shard.size()}, {"vocabulary", shard.vocabularySize()}, {"hash", "correct"}};
}

Result<Json> inspectConfig(const fs::path& path) {
  WEFT_ASSIGN(const config::RunConfig config, config::loadRunConfig(path));
  WEFT_TRY(config::validate(config));
  WEFT_ASSIGN(const sharing::SharingMap map, config::sharingMap(config.model));
  Json fields = Json::object();
  for (const auto& [key, value] : config::flatten(config)) fields[key] = value;
  return Json{{"kind", "config"},
              {"name", config.name},
              {"map", toText(map)},
              {"generator", describeGenerator(map)},
              {"fields", std::move(fields)}};
}

Result<Json> inspectProject(const fs::path& folder) {
  WEFT_ASSIGN(const store::Project project, store::Project::open(folder));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database(), store::RunStore::Mode::ReadOnly));
  WEFT_ASSIGN(const std::vector<store::RunSummary> runs, store.runs());
  std::map<std::string, int> states;
  for (const store::RunSummary& run : runs) ++states[store::toString(run.state)];
  return Json{{"kind", "project"},
              {"name", project.name()},
              {"folder", project.folder().string()},
              {"runs", runs.size()},
              {"states", states}};
}

Result<Json> inspectCheckpoint(const fs::path& folder) {
  WEFT_ASSIGN(Json value, inspectConfig(folder / "model.toml"));
  WEFT_ASSIGN(const Json tensors, inspectSafetensors(folder / "model.safetensors"));
  value["kind"] = "checkpoint";
  value["parameters"] = tensors["elements"];
  value["bytes"] = tensors["bytes"];
  value["tensors"] = tensors["tensors"];
  std::error_code error;
  value["resumable"] = fs::exists(folder / "trainer.safetensors", error);
  return value;
}

Result<Json> inspectFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "weft.db", error)) return inspectProject(folder);
  if (fs::exists(folder / "model.toml", error)) return inspectCheckpoint(folder);
  if (fs::exists(folder / "config.toml", error)) return inspectConfig(folder / "config.toml");
  return fail(
      ErrorCode::InvalidInput,
      folder.string() + " is a folder that Weft does not know: a project has a weft.db, a checkpoint a model.toml.");
}

Result<Json> inspectPath(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail(ErrorCode::NotFound, "There is no file " + path.string() + ".");
  if (fs::is_directory(path, error)) return inspectFolder(path);
  std::string head(16, '\0');
  {
    WEFT_ASSIGN(const InputFile input, InputFile::open(path));
    WEFT_TRY(input.readAt(0, head.data(), head.size()));
  }
  if (head.substr(0, 7) == "WEFTTOK") return inspectShard(path);
  if (head.substr(0, 15) == "SQLite format 3") {
    const fs::path folder = fs::absolute(path, error).parent_path();
    if (path.filename() == "weft.db") return inspectProject(folder);
    return fail(ErrorCode::InvalidInput, path.string() + " is an SQLite file; a project's is called weft.db.");
  }
  if (path.extension() == ".toml") return inspectConfig(path);
  if (path.extension() == ".json") return inspectTokenizer(path);
  if (path.extension() == ".safetensors") return inspectSafetensors(path);
  return fail(
      ErrorCode::InvalidInput,
      path.string() +
          " is of no kind that Weft knows (safetensors, tokenizer.json, token shard, TOML, checkpoint, project).");
}

void printValue(const std::string& key, const Json& value) {
  if (value.is_array() && !value.empty() && value.front().is_object()) {
    print(key + ":");
    for (const Json& item : value) {
      std::vector<std::string> cells;
      for (const auto& [name, cell] : item.items())
        cells.push_back(cell.is_string() ? presentable(cell.get<std::string>()) : jsonText(cell));
      print("  " + join(cells, "  "));
    }
  } else if (value.is_object()) {
    print(key + ":");
    for (const auto& [name, cell] : value.items())
      print(presentable("  " + name + " = " + (cell.is_string() ? cell.get<std::string>() : jsonText(cell))));
  } else {
    print(key + ": " + (value.is_string() ? value.get<std::string>() : jsonText(value)));
  }
}

Result<void> inspect(const std::string& file, const Context& context) {
  WEFT_ASSIGN(const Json value, inspectPath(file));
  if (context.json) {
    printJson(value);
  } else {
    for (const auto& [key, item] : value.items()) printValue(key, item);
  }
  return {};
}

}  // namespace

void addFileVerbs(Program& program) {
  const auto arguments = std::make_shared<TokenizeArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kFilesGroup,
       .name = "tokenize",
       .description = "Token ids of each document, one JSON line a document",
       .examples = {"weft tokenize book.txt", "echo -n 'Weft runs' | weft tokenize --tokenizer tokenizer.json -"}},
      [arguments](const Context& context) { return tokenize(*arguments, context); });
  verb->add_option("--tokenizer", arguments->tokenizer, "byte, or a BPE tokenizer.json [byte]")->type_name("FILE");
  verb->add_option("FILE", arguments->file, ".txt, .jsonl or .jsonl.zst; '-': standard input as one document")
      ->required();

  const auto file = std::make_shared<std::string>();
  verb = program.addVerb(
      {.group = kFilesGroup,
       .name = "inspect",
       .description = "Say what a file or folder is and what is in it",
       .examples = {"weft inspect model.safetensors", "weft inspect study/runs/3/checkpoints/step-500"}},
      [file](const Context& context) { return inspect(*file, context); });
  verb->add_option("FILE", *file,
                   "safetensors, tokenizer.json, token shard, run TOML, checkpoint folder, project folder")
      ->required();
}

}  // namespace weft::cli
