// export: the store's numbers as CSV or JSON, and figures.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/figures.h"
#include "app/cli/output.h"
#include "app/cli/program.h"
#include "app/cli/run_table.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/store/run_fields.h"

namespace weft::cli {

namespace {

using store::RunSummary;

struct ExportArguments {
  std::string what = "runs", format, figure, out = "-", runs, columns;
};

Result<std::vector<RunSummary>> chosenRuns(store::RunStore& store, const std::string& names) {
  if (!names.empty()) {
    std::vector<std::string> parts;
    for (const std::string& part : split(names, ',')) parts.emplace_back(trim(part));
    return findRuns(store, parts);
  }
  WEFT_ASSIGN(const std::vector<RunSummary> all, store.runs());
  std::vector<RunSummary> shown;
  for (const RunSummary& run : all) {
    if (!run.archived) shown.push_back(run);
  }
  return shown;
}

Result<Json> metricsJson(store::RunStore& store, const std::vector<RunSummary>& runs) {
  Json list = Json::array();
  for (const RunSummary& run : runs) {
    Json metrics = Json::object();
    WEFT_ASSIGN(const std::vector<std::string> names, store.metricNames(run.id));
    for (const std::string& name : names) {
      WEFT_ASSIGN(const store::MetricSeries series, store.metric(run.id, name));
      Json points = Json::array();
      for (const store::MetricPoint& point : series.points) {
        Json entry{{"step", point.step}};
        putNumber(entry, "value", point.value);
        putNumber(entry, "time", point.time);
        points.push_back(std::move(entry));
      }
      metrics[name] = std::move(points);
    }
    list.push_back({{"id", run.id.value}, {"name", run.name}, {"metrics", std::move(metrics)}});
  }
  return list;
}

// The fields named, each of them known; none: all.
Result<std::vector<std::string>> columnsOf(const std::string& names) {
  std::vector<std::string> columns, known;
  if (names.empty()) return columns;
  for (const store::RunField& field : store::runFields()) known.push_back(field.name);
  for (const std::string& part : split(names, ',')) {
    const std::string name(trim(part));
    if (!store::runFieldNamed(name)) {
      const std::string near = nearestName(name, known);
      return fail(ErrorCode::InvalidInput,
                  "--columns: a run has no field '" + name + "'" +
                      (near.empty() ? "; `weft export --help` lists them." : "; " + near + " is near."));
    }
    columns.push_back(name);
  }
  return columns;
}

// Every described field, and how those are named that no schema knows: the end of --help.
std::string fieldsRemark() {
  std::vector<std::string> names;
  for (const store::RunField& field : store::runFields()) names.push_back(field.name);
  return "The fields of a run: " + join(names, ", ") +
         ". Besides, the newest value of every metric (train/gradient_norm), evaluation (wikitext/word_perplexity) and "
         "measurement (kv_memory/bytes_per_token_storage); `weft show RUN --json` has those of a run under \"values\".";
}

Result<std::string> exportedText(store::RunStore& store, const std::vector<RunSummary>& runs, const std::string& what,
                                 bool asJson, const std::vector<std::string>& columns) {
  if (what == "runs" && !columns.empty()) return store::runsToCsv(runs, columns);
  if (what == "runs") return asJson ? jsonText(runsJson(runs), 2) + "\n" : store::runsToCsv(runs);
  if (!asJson) return metricsCsv(store, runs);
  WEFT_ASSIGN(const Json metrics, metricsJson(store, runs));
  return jsonText(metrics, 2) + "\n";
}

Result<void> exportAll(const ExportArguments& arguments, const Context& context) {
  if (arguments.what != "runs" && arguments.what != "metrics") {
    return fail(ErrorCode::InvalidInput,
                "'" + arguments.what + "' cannot be exported; take runs or metrics, or --figure pareto, loss or maps.");
  }
  const std::string format = !arguments.format.empty() ? arguments.format
                             : context.json || std::filesystem::path(arguments.out).extension() == ".json" ? "json"
                                                                                                           : "csv";
  if (format != "csv" && format != "json")
    return fail(ErrorCode::InvalidInput, "--format is '" + format + "'; it must be csv or json.");
  if (!arguments.figure.empty() && arguments.out == "-")
    return fail(ErrorCode::InvalidInput, "--figure needs --out F.pdf, F.svg, F.png or F.csv.");
  if (!arguments.columns.empty() && (arguments.what != "runs" || format != "csv" || !arguments.figure.empty()))
    return fail(ErrorCode::InvalidInput, "--columns are those of `weft export runs` as CSV.");
  WEFT_ASSIGN(const std::vector<std::string> columns, columnsOf(arguments.columns));
  WEFT_ASSIGN(OpenProject open, openProjectToRead(context));
  WEFT_ASSIGN(std::vector<RunSummary> runs, chosenRuns(open.store, arguments.runs));
  if (!arguments.figure.empty()) {
    WEFT_TRY(writeFigure(open.project, open.store,
                         {.kind = arguments.figure, .out = arguments.out, .runs = std::move(runs)}));
    if (context.json) printJson({{"figure", arguments.figure}, {"file", arguments.out}});
    return {};
  }
  WEFT_ASSIGN(const std::string text, exportedText(open.store, runs, arguments.what, format == "json", columns));
  return writeResult(arguments.out, text);
}

}  // namespace

void addExportVerb(Program& program) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App* verb =
      program.addVerb({.group = kResultsGroup,
                       .name = "export",
                       .description = "Numbers as CSV or JSON; figures as PDF, SVG, PNG or CSV",
                       .examples = {"weft export metrics --runs MQA:s1,7",
                                    "weft export --columns name,seed,perplexity,train/gradient_norm --out runs.csv",
                                    "weft export --figure pareto --out pareto.pdf --runs 1,2,3,4"},
                       .remark = fieldsRemark()},
                      [arguments](const Context& context) { return exportAll(*arguments, context); });
  verb->add_option("WHAT", arguments->what, "runs (a row a run) or metrics (a row a point) [runs]");
  verb->add_option("--figure", arguments->figure,
                   "pareto, loss or maps; drawn by weft-studio, without a window if need be")
      ->type_name("KIND");
  verb->add_option("--out", arguments->out, "The file; '-': standard output [-]")->type_name("FILE");
  verb->add_option("--format", arguments->format, "csv or json [by the ending of --out, else csv]")
      ->type_name("FORMAT");
  verb->add_option("--columns", arguments->columns, "Of runs as CSV: these fields, with commas between [all]")
      ->type_name("FIELD,..");
  verb->add_option("--runs", arguments->runs,
                   "Numbers, names or labels (MQA:s2) with commas between [all but the archived]")
      ->type_name("1,2,...");
}

}  // namespace weft::cli
