#include "app/cli/program.h"

#include <fmt/format.h>

#include <cassert>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/base/version.h"

namespace weft::cli {

namespace {

constexpr const char* kExamples = R"(Examples:
  weft demo --quick                             four sharing patterns, trained and compared
  weft map cla3 --layers 10                     0_1_1_1_4_4_4_7_7_7
  weft cost --preset paper-1b-h128-mqa --map cla2
  weft init study && cd study
  weft submit --preset demo-mqa-cla2 --set train.steps=500 --wait
  weft compare 1 2
  weft export --figure pareto --out pareto.pdf

`weft VERB --help` explains a verb. Results go to stdout, messages to stderr; --json prints one JSON value.
Exit codes: 0 done, 2 the input is wrong, 3 a job failed, 1 our fault.)";

void complain(const std::string& message) { std::fprintf(stderr, "weft: %s\n", message.c_str()); }

}  // namespace

Result<store::Project> Context::project() const {
  if (!projectFolder.empty()) return store::Project::open(projectFolder);
  std::error_code error;
  const std::filesystem::path here = std::filesystem::current_path(error);
  if (error) return fail(ErrorCode::Io, "The current folder cannot be found: " + error.message() + ".");
  return store::Project::find(here);
}

Result<OpenProject> openProject(const Context& context) {
  WEFT_ASSIGN(store::Project project, context.project());
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
  return OpenProject{std::move(project), std::move(store)};
}

Result<OpenProject> openProjectToRead(const Context& context) {
  WEFT_ASSIGN(store::Project project, context.project());
  // For writing first: it brings an older project up to date, where it may be written and nobody works on it.
  Result<store::RunStore> store = store::RunStore::open(project.database());
  if (!store && (store.error().code == ErrorCode::Io || store.error().code == ErrorCode::Busy))
    store = store::RunStore::open(project.database(), store::RunStore::Mode::ReadOnly);
  if (!store) return tl::unexpected(store.error());
  return OpenProject{std::move(project), std::move(*store)};
}

Program::Program() : m_app("Weft: research on cross-layer KV sharing in transformer language models.", "weft") {
  m_app.set_version_flag("--version", std::string("weft ") + version());
  m_app
      .add_option("-C,--project", m_context.projectFolder,
                  "The project's folder (default: the nearest one upward that holds a weft.db)")
      ->type_name("DIR");
  m_app.add_flag("--json", m_context.json, "Print one JSON value");
  m_app.get_formatter()->label("SUBCOMMAND", "VERB");
  m_app.footer(kExamples);
  m_app.get_formatter()->column_width(26);
}

CLI::App* Program::addVerb(const Verb& verb, Handler handler) {
  assert(!verb.examples.empty() && verb.examples.size() <= 3);
  CLI::App* app = (verb.parent == nullptr ? &m_app : verb.parent)->add_subcommand(verb.name, verb.description);
  app->group(verb.group);
  app->add_option("-C,--project", m_context.projectFolder,
                  "The project's folder (default: the nearest one upward that holds a weft.db)")
      ->type_name("DIR");
  app->add_flag("--json", m_context.json, "Print one JSON value");
  app->footer(fmt::format("{}{}{}:\n  {}", verb.remark, verb.remark.empty() ? "" : "\n\n",
                          verb.examples.size() == 1 ? "Example" : "Examples", join(verb.examples, "\n  ")));
  m_handlers.emplace(app, std::move(handler));
  return app;
}

std::optional<std::string> Program::unknownVerb(int argc, char** argv) const {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-C" || word == "--project") {
      ++i;
    } else if (word.empty() || word.front() != '-') {
      std::vector<std::string> names;
      for (const CLI::App* verb : m_app.get_subcommands({})) {
        if (verb->get_name() == word) return std::nullopt;
        names.push_back(verb->get_name());
      }
      const std::string near = nearestName(word, names);
      return "there is no verb '" + word + "'; " +
             (near.empty() ? "`weft --help` lists them." : "did you mean `weft " + near + "`?");
    }
  }
  return std::nullopt;
}

int Program::run(int argc, char** argv) {
  if (const std::optional<std::string> problem = unknownVerb(argc, argv)) {
    complain(*problem);
    return exitCode(ErrorCode::InvalidInput);
  }
  try {
    m_app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return m_app.exit(error);  // --help and --version are exceptions too
    std::string message = error.what();
    if (message.empty() || message.back() != '.') message += '.';
    complain(message + " `weft --help` and `weft VERB --help` show what is expected.");
    return exitCode(ErrorCode::InvalidInput);
  }
  const CLI::App* named = &m_app;
  while (!named->get_subcommands().empty()) named = named->get_subcommands().front();
  if (named == &m_app) {
    std::fputs(m_app.help().c_str(), stdout);
    return 0;
  }
  const Result<void> done = m_handlers.at(named)(m_context);
  if (!done) {
    complain(done.error().message);
    return exitCode(done.error().code);
  }
  if (std::fflush(stdout) != 0) {
    complain("the result cannot be written to standard output.");
    return exitCode(ErrorCode::Io);
  }
  return 0;
}

}  // namespace weft::cli
