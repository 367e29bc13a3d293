#include "engine/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <system_error>

namespace weft {

namespace {

// At most `decimals` of them, trailing zeros dropped: 19.50 -> "19.5", 20.00 -> "20".
std::string shortest(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string notFinite(double value) { return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf"; }

std::string twoUnits(std::int64_t value, std::int64_t perLarge, const char* large, const char* small) {
  const std::int64_t rest = value % perLarge;
  return fmt::format("{} {}", value / perLarge, large) + (rest == 0 ? "" : fmt::format(" {} {}", rest, small));
}

}  // namespace

std::string groupDigits(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::ptrdiff_t first = value < 0 ? 1 : 0;
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string formatBytes(double bytes) {
  if (!std::isfinite(bytes)) return notFinite(bytes);
  constexpr std::array<const char*, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  // 1023.995 and not 1024: what would be printed as 1024 belongs to the next unit.
  for (; std::abs(bytes) >= (unit == 0 ? 1024 : 1023.995) && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return shortest(bytes, 2) + " " + kUnits[unit];
}

std::string formatCount(double count) {
  if (!std::isfinite(count)) return notFinite(count);
  const double size = std::abs(count);
  if (size < 1e6) return groupDigits(std::llround(count));
  if (size < 999.95e6) return shortest(count / 1e6, 1) + " M";
  if (size < 999.995e9) return shortest(count / 1e9, 2) + " B";
  if (size < 1e15) return shortest(count / 1e12, 2) + " T";
  return fmt::format("{:.3g}", count);
}

std::string formatDuration(double seconds) {
  if (!std::isfinite(seconds)) return notFinite(seconds);
  if (seconds < 0) return "-" + formatDuration(-seconds);
  if (seconds < 9.95) return shortest(seconds, 1) + " s";
  const std::int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return twoUnits(whole, 60, "min", "s");
  if (whole < 86400) return twoUnits(whole / 60, 60, "h", "min");
  return twoUnits(whole / 3600, 24, "d", "h");
}

std::string formatPerplexity(double value) {
  if (!std::isfinite(value)) return notFinite(value);
  if (std::abs(value) < 999.995) return fmt::format("{:.2f}", value);
  return std::abs(value) < 9e15 ? groupDigits(std::llround(value)) : fmt::format("{:.3g}", value);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string shortened(std::string_view text, std::size_t bytes) {
  std::size_t end = std::min(text.size(), bytes);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + (end < text.size() ? "…" : "");
}

std::string csvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

int editDistance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string nearestName(std::string_view name, const std::vector<std::string>& candidates) {
  int bestDistance = std::max(2, static_cast<int>(name.size()) / 3) + 1;
  std::string best;
  for (const std::string& candidate : candidates) {
    const int distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

bool parseInteger(std::string_view text, std::int64_t& value) {
  std::int64_t parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  value = parsed;
  return true;
}

bool parseDouble(std::string_view text, double& value) {
  double parsed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  value = parsed;
  return true;
}

}  // namespace weft
