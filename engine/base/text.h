// engine/base/text.h -- small text helpers: units for people, lists, and "did you mean".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// 5632 -> "5,632"; -1234567 -> "-1,234,567".
std::string groupDigits(std::int64_t value);
// 512 -> "512 B", 20447232 -> "19.5 MiB" (binary units, at most 2 decimals, trailing zeros dropped).
std::string formatBytes(double bytes);
// 945800000 -> "945.8 M"; 1234 -> "1,234" below a million.
std::string formatCount(double count);
// Seconds for people: 0.4 -> "0.4 s", 75 -> "1 min 15 s", 90000 -> "1 d 1 h".
std::string formatDuration(double seconds);
// Perplexities and losses: 4 significant digits, at least two decimals below 1000 (13.54, 9.338 -> "9.34", 1234.5 ->
// "1,235").
std::string formatPerplexity(double value);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);
// At most so many bytes of it, for a message: cut between characters of UTF-8, with "…" where something was left out.
std::string shortened(std::string_view text, std::size_t bytes = 60);
// As a field of a CSV row: in quotes where it has a comma, a quote or a line end, quotes doubled (RFC 4180).
std::string csvField(std::string_view text);

// Levenshtein distance on bytes.
int editDistance(std::string_view a, std::string_view b);
// The candidate nearest to `name`, or "" when none is near (distance above max(2, length / 3)).
std::string nearestName(std::string_view name, const std::vector<std::string>& candidates);

// Strict whole-string parsing; false if any character is left or the value is out of range.
bool parseInteger(std::string_view text, std::int64_t& value);
bool parseDouble(std::string_view text, double& value);

}  // namespace weft
