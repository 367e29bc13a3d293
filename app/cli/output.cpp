#include "app/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "engine/base/files.h"

namespace weft::cli {

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

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void inform(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

std::string dumped(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void printJson(const Json& value) { print(dumped(value)); }

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

bool isTerminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::string bar(double fraction, int width) {
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * width + 0.5);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

Result<void> writeResult(const std::string& file, const std::string& content) {
  if (file.empty() || file == "-") {
    std::fwrite(content.data(), 1, content.size(), stdout);
    return {};
  }
  return writeFileAtomically(file, content);
}

std::string orDash(const std::optional<double>& value, std::string (*format)(double)) {
  return value ? format(*value) : "-";
}

}  // namespace weft::cli
