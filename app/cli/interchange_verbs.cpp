// import: another project's model folder becomes a checkpoint of ours. convert: a checkpoint under another map.
// export-model: a checkpoint as a folder for transformers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "app/cli/model_choice.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"

namespace weft::cli {

namespace {

struct ImportArguments {
  std::string folder, out;
};

Result<void> import(const ImportArguments& arguments, const Context& context) {
  std::error_code error;
  if (!std::filesystem::is_directory(arguments.folder, error))
    return fail(ErrorCode::NotFound, "There is no folder " + arguments.folder + ".");
  const Result<protocol::FinishedEvent> finished = runDirectJob(
      {.body = protocol::ImportJob{.from = absolutePath(arguments.folder), .out = absolutePath(arguments.out)}},
      std::nullopt);
  if (!finished || context.json) return printAnswer(finished, context);
  const Json answer = answerJson(*finished);
  print(fmt::format("{}: {} parameters, now the checkpoint {}.", answer["architecture"].get<std::string>(),
                    groupDigits(answer["parameters"].get<std::int64_t>()), arguments.out));
  for (const Json& line : answer["dropped"]) print("left out: " + line.get<std::string>());
  return {};
}

struct ConvertArguments {
  ModelChoice choice;
  std::string map, out, method = "first";
  int kvHeads = 0;
  bool allowsUpward = false;
};

Result<void> convert(const ConvertArguments& arguments, const Context& context) {
  if (arguments.method != "first" && arguments.method != "mean") {
    return fail(ErrorCode::InvalidInput, "--method is '" + arguments.method + "'; it must be first or mean.");
  }
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  WEFT_ASSIGN(const config::RunConfig config, config::loadRunConfig(model.folder / "model.toml"));
  WEFT_ASSIGN(
      const sharing::SharingMap map,
      namedMap(arguments.map, {.layers = config.model.layers, .upward = sharing::upwardReads(arguments.allowsUpward)}));
  const Result<protocol::FinishedEvent> finished =
      runDirectJob({.body = protocol::ConvertJob{.model = absolutePath(model.folder.string()),
                                                 .out = absolutePath(arguments.out),
                                                 .map = toText(map),
                                                 .method = arguments.method,
                                                 .kvHeads = arguments.kvHeads,
                                                 .allowsUpward = arguments.allowsUpward}},
                   model.project);
  if (!finished || context.json) return printAnswer(finished, context);
  const Json answer = answerJson(*finished);
  print(fmt::format("{} parameters became {}, now the checkpoint {}.",
                    groupDigits(answer["parameters_before"].get<std::int64_t>()),
                    groupDigits(answer["parameters"].get<std::int64_t>()), arguments.out));
  for (const Json& line : answer["dropped"]) print("not kept: " + line.get<std::string>());
  return {};
}

struct ExportArguments {
  ModelChoice choice;
  std::string out, layout = "auto", type = "keep";
  double shard_GB = 5;
};

Result<void> exportModel(const ExportArguments& arguments, const Context& context) {
  if (!(arguments.shard_GB > 0 && arguments.shard_GB < 1e6))
    return fail(ErrorCode::InvalidInput, "--shard-size must be above 0 GB.");
  WEFT_ASSIGN(const ChosenModel model, findModel(arguments.choice, context));
  const Result<protocol::FinishedEvent> finished = runDirectJob(
      {.body = protocol::ExportJob{.model = absolutePath(model.folder.string()),
                                   .out = absolutePath(arguments.out),
                                   .layout = arguments.layout,
                                   .dtype = arguments.type,
                                   .shardBytes = std::max<std::int64_t>(1, std::llround(arguments.shard_GB * 1e9))}},
      model.project);
  if (!finished || context.json) return printAnswer(finished, context);
  const Json answer = answerJson(*finished);
  const bool isOurs = answer["architecture"] == "WeftCrossLayerForCausalLM";
  print(fmt::format("{}: {} parameters, now the folder {}.", answer["architecture"].get<std::string>(),
                    groupDigits(answer["parameters"].get<std::int64_t>()), arguments.out));
  for (const Json& line : answer["dropped"]) print("left out: " + line.get<std::string>());
  print(fmt::format("transformers reads it with AutoModelForCausalLM.from_pretrained(\"{}\"{}).", arguments.out,
                    isOurs ? ", trust_remote_code=True" : ""));
  return {};
}

}  // namespace

void addInterchangeVerbs(Program& program) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kModelsGroup,
       .name = "import",
       .description = "Make a checkpoint of a Hugging Face or cross-layer model folder",
       .examples = {"weft import ~/models/TinyLlama-1.1B --out tinyllama"},
       .remark = "Read are Llama, Mistral, Qwen2 and Qwen3 where their blocks fit, LCKV's Llama, "
                 "gpt_crosslayer of the CLA authors, and what export-model wrote. Weights keep their "
                 "type. A field that config.json leaves out has its class's value in transformers 5; "
                 "generate ends at the folder's own end ids. Without a tokenizer.json that Weft reads "
                 "(byte-level BPE, or SentencePiece's with bytes to fall back to) the checkpoint takes "
                 "token ids alone. The checkpoint is a MODEL for eval, generate, logits, measure and convert."},
      [arguments](const Context& context) { return import(*arguments, context); });
  verb->add_option("DIR", arguments->folder, "config.json, safetensors (one or sharded), tokenizer.json")->required();
  verb->add_option("--out", arguments->out, "The checkpoint's folder; it must not be there yet")
      ->type_name("DIR")
      ->required();

  const auto conversion = std::make_shared<ConvertArguments>();
  verb = program.addVerb({.group = kModelsGroup,
                          .name = "convert",
                          .description = "A checkpoint under another sharing map, to train on from",
                          .examples = {"weft convert tinyllama --map cla2 --method mean --out tinyllama-cla2",
                                       "weft convert MHA:s1@best --map 0_0_2_2 --out mha-cla2"},
                          .remark = "A run with the same [model] trains on from it: `weft submit run.toml --set "
                                    "train.init_from=tinyllama-cla2`."},
                         [conversion](const Context& context) { return convert(*conversion, context); });
  verb->add_option("MODEL", conversion->choice.model, "A checkpoint folder, RUN, RUN@step-N or RUN@best")->required();
  verb->add_option("--map", conversion->map, "The map, in any text form, a pattern like cla2, or @FILE")
      ->type_name("MAP")
      ->required();
  verb->add_option("--method", conversion->method,
                   "first: a group takes its producer's K and V; mean: the mean over its layers [first]")
      ->type_name("METHOD");
  verb->add_option("--kv-heads", conversion->kvHeads, "Fewer KV heads, each the mean of its neighbours [as they are]")
      ->type_name("N");
  verb->add_flag("--allow-upward", conversion->allowsUpward, "Accept layers that read from later ones");
  verb->add_option("--out", conversion->out, "The checkpoint's folder; it must not be there yet")
      ->type_name("DIR")
      ->required();

  const auto exported = std::make_shared<ExportArguments>();
  verb = program.addVerb({.group = kModelsGroup,
                          .name = "export-model",
                          .description = "A checkpoint as a model folder for Hugging Face's transformers",
                          .examples = {"weft export-model MQA-CLA2:s1@best --out mqa-cla2-hf",
                                       "weft export-model tinyllama --out tinyllama-hf --dtype bfloat16"},
                          .remark = "A model that shares nothing becomes a LlamaForCausalLM, or a MistralForCausalLM "
                                    "where all layers have one window; others get config.json with sharing_pattern and "
                                    "the Python files that let transformers run it. `weft import` reads all of them "
                                    "back."},
                         [exported](const Context& context) { return exportModel(*exported, context); });
  verb->add_option("MODEL", exported->choice.model, "A checkpoint folder, RUN, RUN@step-N or RUN@best")->required();
  verb->add_option("--out", exported->out, "The folder; it must not be there yet")->type_name("DIR")->required();
  verb->add_option("--layout", exported->layout, "auto, llama (for maps that share nothing) or cross-layer [auto]")
      ->type_name("LAYOUT");
  verb->add_option("--dtype", exported->type, "keep, float32, bfloat16 or float16 [keep]")->type_name("TYPE");
  verb->add_option("--shard-size", exported->shard_GB, "A larger model is divided into files of at most so many [5]")
      ->type_name("GB");
}

}  // namespace weft::cli
