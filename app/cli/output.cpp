#include "app/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/base/files.h"

namespace weft::cli {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void inform(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

void printJson(const Json& value) { print(jsonText(value, 2)); }

bool isTerminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::string bar(double fraction, int width) {
  const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * width));
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
