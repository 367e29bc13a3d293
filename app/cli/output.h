// app/cli/output.h -- how results reach people and programs: stdout, stderr, one JSON value, bars for a terminal.
#pragma once

#include <optional>
#include <string>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/table.h"

namespace weft::cli {

void print(const std::string& text);   // to stdout, with a line break
void inform(const std::string& text);  // to stderr, with a line break
void printJson(const Json& value);

bool isTerminal(int descriptor);
std::string bar(double fraction, int width);

// "-" or "" is stdout; a file is written atomically. Io.
[[nodiscard]] Result<void> writeResult(const std::string& file, const std::string& content);

std::string orDash(const std::optional<double>& value, std::string (*format)(double));

}  // namespace weft::cli
