// tag, note, star, archive, baseline: what a researcher writes on runs. The store keeps it, the studio shows the same.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_details.h"
#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/store/run_marks.h"

namespace weft::cli {

namespace {

using store::RunSummary;

constexpr const char* kRuns = "Numbers, names or labels, like MQA or MQA:s2";
constexpr const char* kRun = "Number, name or label, like MQA or MQA:s2";

std::string named(const RunSummary& run) { return fmt::format("Run {} ({})", run.id.value, run.name); }

std::vector<store::RunId> idsOf(const std::vector<RunSummary>& runs) {
  std::vector<store::RunId> ids;
  for (const RunSummary& run : runs) ids.push_back(run.id);
  return ids;
}

// With --json the runs as `weft show` gives them, else a sentence a run; both as they are now.
Result<void> answer(store::RunStore& store, const std::vector<store::RunId>& ids, const Context& context,
                    std::string (*sentence)(const RunSummary& run)) {
  if (context.json) {
    WEFT_ASSIGN(const Json shown, shownJson(store, ids));
    printJson(shown);
    return {};
  }
  for (const store::RunId id : ids) {
    WEFT_ASSIGN(const RunSummary run, store.run(id));
    print(sentence(run));
  }
  return {};
}

// ---- tag

struct TagArguments {
  std::vector<std::string> runs, added, removed, set;
  bool clears = false;
};

bool has(const std::vector<std::string>& tags, const std::string& tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

// What the options say, their tags taken apart at the commas.
struct TagChange {
  bool replaces = false;
  std::vector<std::string> added, removed;
};

Result<TagChange> tagChange(const TagArguments& arguments) {
  const bool sets = !arguments.set.empty(), replaces = sets || arguments.clears;
  if (sets && arguments.clears)
    return fail(ErrorCode::InvalidInput,
                "--set and --clear exclude each other; --set says all tags that a run has then.");
  if (replaces && !(arguments.added.empty() && arguments.removed.empty())) {
    return fail(ErrorCode::InvalidInput,
                "--add and --remove change what a run has, --set and --clear replace it; take one or the other.");
  }
  const auto read = [](const char* option, const std::vector<std::string>& texts) -> Result<std::vector<std::string>> {
    for (const std::string& text : texts)
      if (store::parseTags(text).empty())
        return fail(ErrorCode::InvalidInput, fmt::format("{} needs a tag, like {} ablation.", option, option));
    return store::parseTags(join(texts, ","));
  };
  TagChange change;
  change.replaces = replaces;
  WEFT_ASSIGN(change.added, sets ? read("--set", arguments.set) : read("--add", arguments.added));
  WEFT_ASSIGN(change.removed, read("--remove", arguments.removed));
  for (const std::string& tag : change.added)
    if (has(change.removed, tag))
      return fail(ErrorCode::InvalidInput, "The tag '" + shortened(tag) + "' cannot be added and removed at once.");
  return change;
}

// A tag that no run has is most likely mistyped.
Result<void> checkRemoved(const std::vector<RunSummary>& runs, const std::vector<std::string>& removed) {
  std::vector<std::string> all;
  for (const RunSummary& run : runs) all.insert(all.end(), run.tags.begin(), run.tags.end());
  for (const std::string& tag : removed) {
    if (has(all, tag)) continue;
    const std::string nearest = nearestName(tag, all);
    return fail(ErrorCode::InvalidInput,
                fmt::format("{} no tag '{}'; {}.", runs.size() == 1 ? named(runs.front()) + " has" : "These runs have",
                            shortened(tag),
                            !nearest.empty() ? "'" + nearest + "' is perhaps meant"
                            : all.empty()    ? "there is none to remove"
                                             : "its tags are " + join(store::parseTags(join(all, ",")), ", ")));
  }
  return {};
}

Result<void> tag(const TagArguments& arguments, const Context& context) {
  WEFT_ASSIGN(const TagChange change, tagChange(arguments));
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, arguments.runs));
  WEFT_TRY(checkRemoved(runs, change.removed));
  for (const RunSummary& run : runs) {
    std::vector<std::string> tags = change.replaces ? std::vector<std::string>{} : run.tags;
    std::erase_if(tags, [&](const std::string& one) { return has(change.removed, one); });
    for (const std::string& one : change.added)
      if (!has(tags, one)) tags.push_back(one);
    if (tags != run.tags) WEFT_TRY(open.store.setTags(run.id, tags));
  }
  return answer(open.store, idsOf(runs), context, [](const RunSummary& run) {
    return named(run) + (run.tags.empty() ? " has no tags." : " is tagged " + join(run.tags, ", ") + ".");
  });
}

void addTagVerb(Program& program) {
  const auto arguments = std::make_shared<TagArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kResultsGroup,
       .name = "tag",
       .description = "Change or print the tags of runs",
       .examples = {"weft tag MQA:s1 MQA:s2 --add ablation --remove draft", "weft tag 3 --set 'paper, table 2'",
                    "weft tag 3 --clear"},
       .remark = "Without an option it prints them. `weft runs --tag TAG` lists the runs that have one."},
      [arguments](const Context& context) { return tag(*arguments, context); });
  verb->add_option("RUN", arguments->runs, kRuns)->required();
  const auto add = [&](const char* name, std::vector<std::string>& tags, const char* description) {
    verb->add_option(name, tags, description)->type_name("TAG,..")->allow_extra_args(false);
  };
  add("--add", arguments->added, "Give them this tag, or several with commas between (repeatable)");
  add("--remove", arguments->removed, "Take this tag away (repeatable)");
  add("--set", arguments->set, "These tags instead of those that they have (repeatable)");
  verb->add_flag("--clear", arguments->clears, "Take all tags away");
}

// ---- note

struct NoteArguments {
  std::string run, text;
  const CLI::Option* textOption = nullptr;  // whether there was a TEXT: the empty one clears the note
};

Result<void> note(const NoteArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const RunSummary run, open.store.findRun(arguments.run));
  const bool writes = arguments.textOption->count() > 0;
  if (writes) {
    std::string text = arguments.text;
    if (text == "-") {
      WEFT_ASSIGN(text, readFile("-"));
      // The line end that echo and editors put behind a text is no part of it.
      text.erase(text.find_last_not_of("\r\n") + 1);
    }
    WEFT_TRY(open.store.setNote(run.id, text));
  }
  if (!writes && !context.json) {
    if (!run.note.empty()) print(run.note);
    return {};
  }
  return answer(open.store, {run.id}, context, [](const RunSummary& changed) {
    return named(changed) + (changed.note.empty() ? " has no note now." : " has a new note.");
  });
}

void addNoteVerb(Program& program) {
  const auto arguments = std::make_shared<NoteArguments>();
  CLI::App* verb = program.addVerb({.group = kResultsGroup,
                                    .name = "note",
                                    .description = "Write or print a run's note",
                                    .examples = {"weft note MQA-CLA2:s1 'diverged at step 400, learning rate too high'",
                                                 "weft note 3 - < observations.txt", "weft note 3 ''"},
                                    .remark = "Without TEXT it prints the note; the empty text clears it."},
                                   [arguments](const Context& context) { return note(*arguments, context); });
  verb->add_option("RUN", arguments->run, kRun)->required();
  arguments->textOption = verb->add_option("TEXT", arguments->text, "The note; '-': standard input");
}

// ---- star, archive

struct FlagArguments {
  std::vector<std::string> runs;
  bool isOff = false;
};

Result<void> star(const FlagArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, arguments.runs));
  for (const RunSummary& run : runs) WEFT_TRY(open.store.setStarred(run.id, !arguments.isOff));
  return answer(open.store, idsOf(runs), context,
                [](const RunSummary& run) { return named(run) + (run.starred ? " is starred." : " has no star."); });
}

Result<void> archive(const FlagArguments& arguments, const Context& context) {
  WEFT_ASSIGN(OpenProject open, openProject(context));
  WEFT_ASSIGN(const std::vector<RunSummary> runs, findRuns(open.store, arguments.runs));
  if (!arguments.isOff) WEFT_TRY(store::checkArchivable(runs));
  for (const RunSummary& run : runs) WEFT_TRY(open.store.setArchived(run.id, !arguments.isOff));
  return answer(open.store, idsOf(runs), context, [](const RunSummary& run) {
    return named(run) + (run.archived ? " is archived." : " is not archived.");
  });
}

void addFlagVerb(Program& program, const Verb& declared, const char* off,
                 Result<void> (*act)(const FlagArguments& arguments, const Context& context)) {
  const auto arguments = std::make_shared<FlagArguments>();
  CLI::App* verb =
      program.addVerb(declared, [arguments, act](const Context& context) { return act(*arguments, context); });
  verb->add_option("RUN", arguments->runs, kRuns)->required();
  verb->add_flag("--off", arguments->isOff, off);
}

// ---- baseline

struct BaselineArguments {
  std::string run;
  bool isNone = false;
};

Result<void> baseline(const BaselineArguments& arguments, const Context& context) {
  if (arguments.isNone && !arguments.run.empty())
    return fail(ErrorCode::InvalidInput, "--none takes the baseline away; it goes without a RUN.");
  WEFT_ASSIGN(OpenProject open, openProject(context));
  if (arguments.isNone) {
    WEFT_TRY(open.store.setBaseline(store::RunId{}));
  } else if (!arguments.run.empty()) {
    WEFT_ASSIGN(const RunSummary run, open.store.findRun(arguments.run));
    WEFT_TRY(open.store.setBaseline(run.id));
  }
  WEFT_ASSIGN(std::vector<RunSummary> runs, open.store.runs());
  std::erase_if(runs, [](const RunSummary& run) { return !run.baseline; });
  if (runs.empty() && !context.json) {
    print("This project has no baseline.");
    return {};
  }
  return answer(open.store, idsOf(runs), context,
                [](const RunSummary& run) { return named(run) + " is the baseline."; });
}

void addBaselineVerb(Program& program) {
  const auto arguments = std::make_shared<BaselineArguments>();
  CLI::App* verb = program.addVerb(
      {.group = kResultsGroup,
       .name = "baseline",
       .description = "Choose or print the run that the others are held against",
       .examples = {"weft baseline MQA:s1", "weft baseline --none"},
       .remark = "A project has at most one baseline; the studio's pages take it from here. Without an argument it is "
                 "printed; --json prints a list of one run, or of none."},
      [arguments](const Context& context) { return baseline(*arguments, context); });
  verb->add_option("RUN", arguments->run, kRun);
  verb->add_flag("--none", arguments->isNone, "No run is the baseline");
}

}  // namespace

void addMarkVerbs(Program& program) {
  addTagVerb(program);
  addNoteVerb(program);
  addFlagVerb(program,
              {.group = kResultsGroup,
               .name = "star",
               .description = "Star runs, or take their stars away",
               .examples = {"weft star MQA-CLA2:s1", "weft star 3 4 --off"}},
              "Take the star away", star);
  addFlagVerb(program,
              {.group = kResultsGroup,
               .name = "archive",
               .description = "Hide runs from the lists, or bring them back",
               .examples = {"weft archive 3 4", "weft archive 3 --off"},
               .remark = "Nothing is deleted; `weft runs --all` lists archived runs too."},
              "Bring them back", archive);
  addBaselineVerb(program);
}

}  // namespace weft::cli
