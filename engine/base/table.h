// engine/base/table.h -- rows of text under titles, as a person or a program reads them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft {

class Table {
 public:
  enum class Align { Left, Right };
  void column(std::string title, Align align = Align::Right) { m_columns.push_back({std::move(title), align}); }
  // As many cells as there are columns.
  void row(std::vector<std::string> cells);

  // Columns aligned by characters, two spaces between them; no line end after the last row.
  std::string toText() const;
  // RFC 4180 with "\n": a field with a comma, a quote or a line end stands in quotes. Every row ends in a line end.
  std::string toCsv() const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> m_columns;
  std::vector<std::vector<std::string>> m_rows;
};

}  // namespace weft
