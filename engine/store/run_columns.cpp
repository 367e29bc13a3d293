#include "engine/store/run_columns.h"

#include <type_traits>

#include "engine/base/text.h"
#include "engine/store/database.h"

namespace weft::store {

namespace {

template <class What>
void forEach(std::optional<FieldPlace> place, What&& what) {
  for (const RunField& field : runFields())
    if (place ? field.place == *place : field.place != FieldPlace::Derived) what(field);
}

void read(const SQLite::Statement& row, int at, const RunField& field, RunSummary& run) {
  std::visit(
      [&](auto m) {
        if constexpr (std::is_member_object_pointer_v<decltype(m)>) {
          auto& value = run.*m;
          using Value = std::remove_cvref_t<decltype(value)>;
          const SQLite::Column column = row.getColumn(at);
          if constexpr (std::is_same_v<Value, RunId>)
            value = RunId{column.getInt64()};
          else if constexpr (std::is_same_v<Value, RunState>)
            value = parseRunState(column.getString()).value_or(RunState::Lost);
          else if constexpr (std::is_same_v<Value, bool>)
            value = column.getInt() != 0;
          else if constexpr (std::is_same_v<Value, int>)
            value = column.getInt();
          else if constexpr (std::is_same_v<Value, std::int64_t>)
            value = column.getInt64();
          else if constexpr (std::is_same_v<Value, double>)
            value = numberAt(row, at).value_or(0);
          else if constexpr (std::is_same_v<Value, std::optional<double>>)
            value = numberAt(row, at);
          else if constexpr (std::is_same_v<Value, std::string>)
            value = column.getString();
          else
            value = textsFromJson(column.getString());
        }
      },
      field.member);
}

void bind(SQLite::Statement& statement, int at, const RunField& field, const RunSummary& run) {
  std::visit(
      [&](auto m) {
        if constexpr (std::is_member_object_pointer_v<decltype(m)>) {
          const auto& value = run.*m;
          using Value = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, RunId>)
            statement.bind(at, value.value);
          else if constexpr (std::is_same_v<Value, RunState>)
            statement.bind(at, std::string(toString(value)));
          else if constexpr (std::is_same_v<Value, bool>)
            statement.bind(at, value ? 1 : 0);
          else if constexpr (std::is_same_v<Value, double> || std::is_same_v<Value, std::optional<double>>)
            bindNumber(statement, at, value);
          else if constexpr (std::is_same_v<Value, std::vector<std::string>>)
            statement.bind(at, textsToJson(value));
          else
            statement.bind(at, value);
        }
      },
      field.member);
}

}  // namespace

std::string runColumns() {
  std::vector<std::string> names;
  forEach(std::nullopt, [&](const RunField& field) {
    const char* table = field.place == FieldPlace::Run   ? "run."
                        : field.place == FieldPlace::Job ? "job."
                                                         : "run_summary.";
    names.push_back(table + field.name);
  });
  return join(names, ", ");
}

std::string runColumns(FieldPlace place) {
  std::vector<std::string> names;
  forEach(place, [&](const RunField& field) { names.push_back(field.name); });
  return join(names, ", ");
}

std::string marksFor(FieldPlace place) {
  std::vector<std::string> marks;
  forEach(place, [&](const RunField&) { marks.emplace_back("?"); });
  return join(marks, ", ");
}

int readRunColumns(const SQLite::Statement& row, RunSummary& run, std::optional<FieldPlace> place, int at) {
  forEach(place, [&](const RunField& field) { read(row, at++, field, run); });
  return at;
}

int bindRunColumns(SQLite::Statement& statement, const RunSummary& run, FieldPlace place, int at) {
  forEach(place, [&](const RunField& field) { bind(statement, ++at, field, run); });
  return at;
}

}  // namespace weft::store
