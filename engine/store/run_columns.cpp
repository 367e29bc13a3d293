#include "engine/store/run_columns.h"

#include <functional>
#include <type_traits>

#include "engine/base/text.h"
#include "engine/store/database.h"

namespace weft::store {

namespace {

void forEach(const std::function<bool(FieldPlace)>& wanted, const std::function<void(const RunField&)>& what) {
  for (const RunField& field : runFields())
    if (field.place != FieldPlace::Derived && wanted(field.place)) what(field);
}

bool any(FieldPlace) { return true; }

std::string listOf(const std::function<bool(FieldPlace)>& wanted) {
  std::vector<std::string> names;
  forEach(wanted, [&](const RunField& field) { names.push_back(field.name); });
  return join(names, ", ");
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

std::string runColumns() { return listOf(any); }
std::string runColumns(FieldPlace place) {
  return listOf([place](FieldPlace one) { return one == place; });
}

std::string marksFor(FieldPlace place) {
  std::string marks;
  forEach([place](FieldPlace one) { return one == place; },
          [&](const RunField&) { marks += marks.empty() ? "?" : ", ?"; });
  return marks;
}

int readRunColumns(const SQLite::Statement& row, RunSummary& run, int at) {
  forEach(any, [&](const RunField& field) { read(row, at++, field, run); });
  return at;
}
int readRunColumns(const SQLite::Statement& row, RunSummary& run, FieldPlace place, int at) {
  forEach([place](FieldPlace one) { return one == place; },
          [&](const RunField& field) { read(row, at++, field, run); });
  return at;
}

int bindRunColumns(SQLite::Statement& statement, const RunSummary& run, FieldPlace place, int at) {
  forEach([place](FieldPlace one) { return one == place; },
          [&](const RunField& field) { bind(statement, ++at, field, run); });
  return at;
}

}  // namespace weft::store
