#include "engine/base/json.h"

#include <gmock/gmock.h>

#include <limits>

namespace weft {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& text, JsonDialect dialect = JsonDialect::Python, const JsonLimits& limits = {}) {
  const auto value = parseJson(text, "a.json", dialect, limits);
  return value ? "" : value.error().message;
}

TEST(Json, OfTooManyLevelsIsRefusedBeforeAValueIsMade) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(refusal(deep), "");
  EXPECT_EQ(refusal("[" + deep + "]"), "a.json nests deeper than 100 levels.");
  EXPECT_EQ(refusal("{\"a\":" + deep + "}"), "a.json nests deeper than 100 levels.");
  EXPECT_THAT(refusal(std::string(50'000'000, '[')), HasSubstr("nests deeper"));
  EXPECT_EQ(refusal("[\"" + std::string(1000, '[') + "\"]"), "") << "brackets of a text are text";
  EXPECT_EQ(refusal("[\"\\\"" + std::string(1000, '[') + "\"]"), "") << "a quote in it, too";
}

TEST(Json, OfTooManyBytesOrValuesIsRefused) {
  EXPECT_THAT(refusal("[1, 2, 3]", JsonDialect::Strict, {.bytes = 8}), HasSubstr("has 9 bytes of JSON; at most 8"));
  EXPECT_EQ(refusal("[1, 2, 3]", JsonDialect::Strict, {.values = 4}), "");
  EXPECT_THAT(refusal("[1, 2, 3, 4]", JsonDialect::Strict, {.values = 4}), HasSubstr("more than 4 values"));
  EXPECT_THAT(refusal("[[], [], []]", JsonDialect::Strict, {.values = 4}), HasSubstr("more than 4 values"));
}

TEST(Json, ThatIsNoneIsRefused) {
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\": 1} x", "\"\xFF\""})
    EXPECT_EQ(refusal(text), "a.json is no JSON, or is cut off.") << text;
  EXPECT_NE(refusal(std::string("{}\0", 3)), "") << "nlohmann's parser ends at a NUL";
  EXPECT_NE(refusal(std::string("{}\0 and more", 12)), "");
}

TEST(Json, KnowsThreeWordsThatOnlyPythonWrites) {
  const std::string text = R"({"a": NaN, "b": [-Infinity, Infinity], "NaN": "NaN \" Infinity"})";
  const auto value = parseJson(text, "a.json");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ((*value)["a"], "NaN") << "a text, so that a field that must be a number says what it is";
  EXPECT_EQ((*value)["b"], nlohmann::json({"-Infinity", "Infinity"}));
  EXPECT_EQ((*value)["NaN"], "NaN \" Infinity");
  EXPECT_NE(refusal(text, JsonDialect::Strict), "");
  const auto data = parseJson(text, "a.json", JsonDialect::PythonData);
  ASSERT_TRUE(data);
  EXPECT_TRUE((*data)["a"].is_null());
  EXPECT_EQ((*data)["NaN"], "NaN \" Infinity");
}

TEST(Json, TakesHalfASurrogatePairAsPythonWritesIt) {
  const auto value = parseJson(R"(["\ud83d\ude42 \ud83d x", "\\ud83d"])", "a.json");
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)[0], "\U0001F642 \uFFFD x");
  EXPECT_EQ((*value)[1], "\\ud83d");
  EXPECT_NE(refusal(R"(["\ud83d"])", JsonDialect::Strict), "");
}

}  // namespace
}  // namespace weft
