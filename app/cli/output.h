// app/cli/output.h -- how results look: tables for people, one JSON value for programs, bars for a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace weft::cli {

using Json = nlohmann::ordered_json;

void print(const std::string& text);   // to stdout, with a line break
void inform(const std::string& text);  // to stderr, with a line break
void printJson(const Json& value);
std::string dumped(const Json& value, int indent = 2);  // invalid UTF-8 is replaced, never thrown about

// Columns aligned by characters; numbers to the right.
class Table {
 public:
  enum class Align { Left, Right };
  void column(std::string title, Align align = Align::Right) { m_columns.push_back({std::move(title), align}); }
  void row(std::vector<std::string> cells) { m_rows.push_back(std::move(cells)); }
  std::string toText() const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> m_columns;
  std::vector<std::vector<std::string>> m_rows;
};

bool isTerminal(int descriptor);
std::string bar(double fraction, int width);

// "-" or "" is stdout; a file is written atomically. Io.
[[nodiscard]] Result<void> writeResult(const std::string& file, const std::string& content);

std::string orDash(const std::optional<double>& value, std::string (*format)(double));

}  // namespace weft::cli
