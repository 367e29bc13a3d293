#include "engine/base/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace weft;

TEST(Text, GroupsDigitsByThousands) {
  EXPECT_EQ(groupDigits(0), "0");
  EXPECT_EQ(groupDigits(999), "999");
  EXPECT_EQ(groupDigits(5632), "5,632");
  EXPECT_EQ(groupDigits(-1234567), "-1,234,567");
  EXPECT_EQ(groupDigits(-123), "-123");
  EXPECT_EQ(groupDigits(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Text, FormatsBytesInBinaryUnits) {
  EXPECT_EQ(formatBytes(0), "0 B");
  EXPECT_EQ(formatBytes(512), "512 B");
  EXPECT_EQ(formatBytes(1023), "1023 B");
  EXPECT_EQ(formatBytes(1024), "1 KiB");
  EXPECT_EQ(formatBytes(20447232), "19.5 MiB");
  EXPECT_EQ(formatBytes(1024.0 * 1024 * 1024 - 1), "1 GiB");
}

TEST(Text, FormatsCountsForPeople) {
  EXPECT_EQ(formatCount(1234), "1,234");
  EXPECT_EQ(formatCount(999999), "999,999");
  EXPECT_EQ(formatCount(945800000), "945.8 M");
  EXPECT_EQ(formatCount(1007.9e6), "1.01 B");
  EXPECT_EQ(formatCount(30e9), "30 B");
}

TEST(Text, FormatsDurationsInTheirTwoLargestUnits) {
  EXPECT_EQ(formatDuration(0.4), "0.4 s");
  EXPECT_EQ(formatDuration(59.6), "1 min");
  EXPECT_EQ(formatDuration(75), "1 min 15 s");
  EXPECT_EQ(formatDuration(3600), "1 h");
  EXPECT_EQ(formatDuration(90000), "1 d 1 h");
}

TEST(Text, FormatsPerplexities) {
  EXPECT_EQ(formatPerplexity(13.54), "13.54");
  EXPECT_EQ(formatPerplexity(9.338), "9.34");
  EXPECT_EQ(formatPerplexity(1234.5), "1,235");
  EXPECT_EQ(formatPerplexity(999.999), "1,000");
  EXPECT_EQ(formatPerplexity(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(Text, SplitKeepsEmptyPartsAndJoinUndoesIt) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(join(split("a,,b,", ','), ","), "a,,b,");
}

TEST(Text, TrimTakesWhiteSpaceFromBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b \n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
}

TEST(Text, ShortensBetweenCharacters) {
  EXPECT_EQ(shortened("short", 5), "short");
  EXPECT_EQ(shortened("longer", 5), "longe…");
  EXPECT_EQ(shortened("naïve", 3), "na…") << "ï is two bytes";
  EXPECT_EQ(shortened(std::string(100, 'x')).size(), 60 + std::string("…").size());
}

TEST(Text, QuotesAFieldOfACsvRowOnlyWhereItMust) {
  EXPECT_EQ(csvField("plain text"), "plain text");
  EXPECT_EQ(csvField(""), "");
  EXPECT_EQ(csvField("k:0_0 v:0_1, twice"), "\"k:0_0 v:0_1, twice\"");
  EXPECT_EQ(csvField("say \"when\""), "\"say \"\"when\"\"\"");
  EXPECT_EQ(csvField("two\nlines"), "\"two\nlines\"");
}

TEST(Text, EditDistanceCountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(editDistance("kitten", "sitting"), 3);
  EXPECT_EQ(editDistance("", "abc"), 3);
  EXPECT_EQ(editDistance("same", "same"), 0);
}

TEST(Text, NearestNameIsSilentWhenNothingIsNear) {
  const std::vector<std::string> names{"layers", "hidden", "head_width"};
  EXPECT_EQ(nearestName("layrs", names), "layers");
  EXPECT_EQ(nearestName("headwidht", names), "head_width");
  EXPECT_EQ(nearestName("optimizer", names), "");
}

TEST(Text, ParsesWholeNumbersOnly) {
  std::int64_t integer = 7;
  EXPECT_TRUE(parseInteger("-12", integer));
  EXPECT_EQ(integer, -12);
  for (const char* text : {"", "12 ", " 12", "12x", "1.5", "99999999999999999999", "+1"})
    EXPECT_FALSE(parseInteger(text, integer)) << text;
  EXPECT_EQ(integer, -12);
  double real = 0;
  EXPECT_TRUE(parseDouble("3e-3", real));
  EXPECT_DOUBLE_EQ(real, 0.003);
  for (const char* text : {"", "1,5", "1.5x", "1e999"}) EXPECT_FALSE(parseDouble(text, real)) << text;
}
