// import: another project's model folder becomes a checkpoint of ours.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "app/cli/direct_job.h"
#include "engine/base/text.h"

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
}

}  // namespace weft::cli
