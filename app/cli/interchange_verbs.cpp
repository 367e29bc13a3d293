// import: another project's model folder becomes a checkpoint of ours. convert: a checkpoint under another map.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/arguments.h"
#include "app/cli/direct_job.h"
#include "engine/base/text.h"
#include "engine/config/run_config.h"

namespace weft::cli {

namespace {

struct ImportArguments {
  std::string folder, out;
};

Result<void> import(const ImportArguments& arguments, const Context& context) {
  std::error_code error;
  if (!std::filesystem::is_directory(arguments.folder, error)) return fail(ErrorCode::NotFound, "There is no folder " + arguments.folder + ".");
  const Result<service::FinishedEvent> finished =
      runDirectJob("import", {{"from", absolutePath(arguments.folder)}, {"out", absolutePath(arguments.out)}}, std::nullopt);
  if (!finished || context.json) return printAnswer(finished, context);
  const Json answer = answerJson(*finished);
  print(fmt::format("{}: {} parameters, now the checkpoint {}.", answer["architecture"].get<std::string>(),
                    groupDigits(answer["parameters"].get<std::int64_t>()), arguments.out));
  for (const Json& line : answer["dropped"]) print("left out: " + line.get<std::string>());
  return {};
}

struct ConvertArguments {
  std::string model, map, out, method = "first";
  int kvHeads = 0;
  bool allowsUpward = false;
};

Result<void> convert(const ConvertArguments& arguments, const Context& context) {
  if (arguments.method != "first" && arguments.method != "mean") {
    return fail(ErrorCode::InvalidInput, "--method is '" + arguments.method + "'; it must be first or mean.");
  }
  const std::optional<store::Project> project = projectIfAny(context);
  WEFT_ASSIGN(const std::filesystem::path model, service::resolveModel(arguments.model, project));
  WEFT_ASSIGN(const config::RunConfig config, config::loadRunConfig(model / "model.toml"));
  WEFT_ASSIGN(const sharing::SharingMap map,
              namedMap(arguments.map, {.layers = config.model.layers,
                                       .upward = arguments.allowsUpward ? sharing::UpwardReads::Allow : sharing::UpwardReads::Refuse}));
  const Result<service::FinishedEvent> finished = runDirectJob("convert",
                                                               {{"model", absolutePath(model.string())},
                                                                {"out", absolutePath(arguments.out)},
                                                                {"map", toText(map)},
                                                                {"method", arguments.method},
                                                                {"kv_heads", arguments.kvHeads},
                                                                {"allow_upward", arguments.allowsUpward ? 1 : 0}},
                                                               project);
  if (!finished || context.json) return printAnswer(finished, context);
  const Json answer = answerJson(*finished);
  print(fmt::format("{} parameters became {}, now the checkpoint {}.", groupDigits(answer["parameters_before"].get<std::int64_t>()),
                    groupDigits(answer["parameters"].get<std::int64_t>()), arguments.out));
  for (const Json& line : answer["dropped"]) print("not kept: " + line.get<std::string>());
  return {};
}

}  // namespace

void addInterchangeVerbs(Program& program) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* verb = program.addVerb(kModelsGroup, "import", "Make a checkpoint of a Hugging Face or cross-layer model folder",
                                   [arguments](const Context& context) { return import(*arguments, context); });
  verb->add_option("DIR", arguments->folder, "config.json, safetensors (one or sharded), tokenizer.json")->required();
  verb->add_option("--out", arguments->out, "The checkpoint's folder; it must not be there yet")->type_name("DIR")->required();
  verb->footer(
      "Read are Llama, Mistral, Qwen2 and Qwen3 where their blocks fit, LCKV's Llama, and gpt_crosslayer of the CLA authors. Weights keep their "
      "type.\n\n"
      "Example:\n  weft import ~/models/TinyLlama-1.1B --out tinyllama && weft eval tinyllama --text valid.txt");

  const auto conversion = std::make_shared<ConvertArguments>();
  verb = program.addVerb(kModelsGroup, "convert", "A checkpoint under another sharing map, to train on from",
                         [conversion](const Context& context) { return convert(*conversion, context); });
  verb->add_option("MODEL", conversion->model, "A checkpoint folder, RUN, RUN@step-N or RUN@best")->required();
  verb->add_option("--map", conversion->map, "The map, in any text form, a pattern like cla2, or @FILE")->type_name("MAP")->required();
  verb->add_option("--method", conversion->method, "first: a group takes its producer's K and V; mean: the mean over its layers [first]")
      ->type_name("METHOD");
  verb->add_option("--kv-heads", conversion->kvHeads, "Fewer KV heads, each the mean of its neighbours [as they are]")->type_name("N");
  verb->add_flag("--allow-upward", conversion->allowsUpward, "Accept layers that read from later ones");
  verb->add_option("--out", conversion->out, "The checkpoint's folder; it must not be there yet")->type_name("DIR")->required();
  verb->footer(
      "Example:\n  weft convert tinyllama --map cla2 --method mean --out tinyllama-cla2\n"
      "  weft submit run.toml --set train.init_from=tinyllama-cla2     # with the same [model]");
}

}  // namespace weft::cli
