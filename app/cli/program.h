// app/cli/program.h -- what every verb shares: how it is declared, where its project is, how it answers and how it
// fails.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"

namespace weft::cli {

struct Context {
  std::string projectFolder;  // -C; "" = the nearest folder upward that holds a weft.db
  bool json = false;

  [[nodiscard]] Result<store::Project> project() const;
};

struct OpenProject {
  store::Project project;
  store::RunStore store;
};
[[nodiscard]] Result<OpenProject> openProject(const Context& context);
// For verbs that only look: where nothing may be written, as in a project of somebody else's, it is opened for reading.
[[nodiscard]] Result<OpenProject> openProjectToRead(const Context& context);

using Handler = std::function<Result<void>(const Context&)>;

// How a verb is declared: all that `weft --help` and `weft VERB --help` say of it besides its options.
struct Verb {
  const char* group;
  const char* name;
  const char* description;
  // One to three command lines of this very verb, as somebody would type them: the end of its --help. What a remark
  // after '#' says is for the reader alone; tests/cli runs the rest.
  std::vector<std::string> examples;
  std::string remark = {};     // what else --help says, before the examples
  CLI::App* parent = nullptr;  // `weft queue` of `weft queue stop`
};

// The verbs in their help groups, and the one that the user named.
class Program {
 public:
  Program();
  // A verb with -C and --json; `handler` runs when it was named.
  CLI::App* addVerb(const Verb& verb, Handler handler);
  // Parses and runs; the exit code of DESIGN.md section 6.
  int run(int argc, char** argv);

 private:
  std::optional<std::string> unknownVerb(int argc, char** argv) const;

  CLI::App m_app;
  Context m_context;
  std::map<const CLI::App*, Handler> m_handlers;
};

// Each file of verbs adds its own.
void addMapVerb(Program& program);       // map
void addCostVerb(Program& program);      // cost
void addPresetVerb(Program& program);    // presets
void addFileVerbs(Program& program);     // tokenize, inspect
void addProjectVerbs(Program& program);  // init, submit, engine
void addQueueVerbs(Program& program);    // queue
void addRunVerbs(Program& program);      // runs, show, log
void addReplayVerb(Program& program);    // replay
void addExtendVerb(Program& program);    // extend
void addMarkVerbs(Program& program);     // tag, note, star, archive, baseline
void addCompareVerb(Program& program);   // compare
void addExportVerb(Program& program);    // export
void addModelVerbs(Program& program);    // generate, logits
void addEvalVerb(Program& program);
void addMeasureVerb(Program& program);
void addInterchangeVerbs(Program& program);  // import, convert, export-model
void addDemoVerb(Program& program);          // demo

inline constexpr const char* kRunsGroup = "Runs";
inline constexpr const char* kResultsGroup = "Results";
inline constexpr const char* kModelsGroup = "Models";
inline constexpr const char* kPatternsGroup = "Sharing patterns";
inline constexpr const char* kFilesGroup = "Files";

}  // namespace weft::cli
