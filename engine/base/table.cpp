#include "engine/base/table.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "engine/base/text.h"

namespace weft {

namespace {

// Characters, not bytes: UTF-8 continuation bytes take no column.
std::size_t widthOf(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, Table::Align align) {
  const std::string space(width - std::min(width, widthOf(text)), ' ');
  return align == Table::Align::Right ? space + text : text + space;
}

}  // namespace

void Table::row(std::vector<std::string> cells) {
  assert(cells.size() == m_columns.size());
  m_rows.push_back(std::move(cells));
}

std::string Table::toText() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < m_columns.size(); ++i) {
    std::size_t width = widthOf(m_columns[i].title);
    for (const auto& cells : m_rows) width = std::max(width, widthOf(cells.at(i)));
    widths.push_back(width);
  }
  const auto line = [&](auto cellOf) {
    std::string text;
    for (std::size_t i = 0; i < m_columns.size(); ++i)
      text += (i == 0 ? "" : "  ") + padded(cellOf(i), widths[i], m_columns[i].align);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  };
  std::string text = line([&](std::size_t i) { return m_columns[i].title; });
  for (const auto& cells : m_rows) text += '\n' + line([&](std::size_t i) { return cells.at(i); });
  return text;
}

std::string Table::toCsv() const {
  std::string text;
  const auto add = [&](std::size_t i, const std::string& cell) {
    if (i > 0) text += ',';
    text += csvField(cell);
  };
  for (std::size_t i = 0; i < m_columns.size(); ++i) add(i, m_columns[i].title);
  text += '\n';
  for (const auto& cells : m_rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) add(i, cells[i]);
    text += '\n';
  }
  return text;
}

}  // namespace weft
