// engine/store/run_fields.h -- every field of a run, described once. SQL, JSON, CSV, the filter language, sorting,
// table columns, equality and help walk this list. Whoever adds a field adds a member to RunSummary, a line to
// runFields() and, if it is stored, a column to the schema; nothing else.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/protocol/metrics.h"
#include "engine/store/run_store.h"

namespace weft::store {

// Where a field's value stands in the database.
enum class FieldPlace {
  Run,      // a column of `run`, of the field's name
  Job,      // a column of `job`: of its training
  Summary,  // a column of `run_summary`, which ingest keeps up
  Derived   // in no column: it follows from others, or is one of run_value's numbers
};
using protocol::Better;
// How a value is written for people; a program always gets it whole.
enum class FieldStyle { Plain, Count, Bytes, Perplexity, Loss, Rate, Share, Time };

// One of RunSummary::values.
struct ValueName {
  std::string name;
};

struct RunField {
  using Member =
      std::variant<RunId RunSummary::*, RunState RunSummary::*, bool RunSummary::*, int RunSummary::*,
                   std::int64_t RunSummary::*, double RunSummary::*, std::optional<double> RunSummary::*,
                   std::string RunSummary::*, std::vector<std::string> RunSummary::*,
                   std::string (*)(const RunSummary&), std::optional<double> (*)(const RunSummary&), ValueName>;

  std::string name;         // of the column, of the JSON key, of the CSV column and in filters
  std::string title;        // over a column: "Val. perplexity"
  std::string unit;         // "B/token", "" for none
  std::string explanation;  // what it is, with its formula; "" where the title says it
  Member member;
  FieldPlace place = FieldPlace::Run;
  FieldStyle style = FieldStyle::Plain;
  Better better = Better::Neither;
  std::string formerName{};  // under which filters that people have saved may still ask for it

  bool isNumber() const;  // what `<` orders; a run may have none
  bool isFlag() const;
  bool isList() const;
  bool isText() const;
};

// In the order in which a table of all of them reads.
const std::vector<RunField>& runFields();
// By name or former name, case ignored; nullptr if there is none.
const RunField* findRunField(std::string_view name);
// The same; a name with a stroke in it is one of RunSummary::values, with the title, unit and direction that
// protocol/metrics.h knows of it. nullopt for any other name that no field has.
std::optional<RunField> runFieldNamed(std::string_view name);

// The value of a number, a flag (1, 0) or a state (its place in RunState); nullopt for a text, a list, and for a number
// that the run has not.
std::optional<double> numberOf(const RunField& field, const RunSummary& run);
// The value in full, for programs: texts as they are, lists separated by commas, numbers in the fewest digits that say
// them, "" for what the run has not.
std::string textOf(const RunField& field, const RunSummary& run);

// {"id": 7, "name": "MQA", ...}: every field under its name (DESIGN.md section 6), but for what the clock says of a run
// (its age), and its values as an object "values" if it has any; numbers by the rule of base/json.h.
nlohmann::ordered_json runToJson(const RunSummary& run);
// A header of names, a row a run: the fields named (values included, runFieldNamed), or all that have a column.
std::string runsToCsv(const std::vector<RunSummary>& runs, const std::vector<std::string>& names = {});

// Equal in everything that is described here, and in the curve.
bool isSame(const RunSummary& a, const RunSummary& b);

}  // namespace weft::store
