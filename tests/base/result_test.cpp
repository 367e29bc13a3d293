#include "engine/base/result.h"

#include <gtest/gtest.h>

namespace {

using weft::ErrorCode;

weft::Result<int> half(int value) {
  if (value % 2 != 0) return weft::fail(ErrorCode::InvalidInput, "odd", "detail");
  return value / 2;
}

weft::Result<int> quarter(int value) {
  WEFT_ASSIGN(const int once, half(value));
  WEFT_TRY(half(once));
  return half(once);
}

}  // namespace

TEST(Result, PassesTheFirstErrorOnUnchanged) {
  EXPECT_EQ(quarter(8), 2);
  for (const int value : {6, 5}) {
    const weft::Result<int> result = quarter(value);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "odd");
    EXPECT_EQ(result.error().detail, "detail");
  }
}

TEST(ErrorCode, EveryCodeSurvivesItsName) {
  for (int number = 0; number <= static_cast<int>(ErrorCode::Internal); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    EXPECT_EQ(weft::errorCodeFromString(weft::toString(code)), code) << weft::toString(code);
  }
  EXPECT_EQ(weft::errorCodeFromString("no such code"), ErrorCode::Internal);
}

TEST(ErrorCode, ExitCodesTellWhoseFaultItIs) {
  EXPECT_EQ(weft::exitCode(ErrorCode::InvalidInput), 2);
  EXPECT_EQ(weft::exitCode(ErrorCode::NotFound), 2);
  EXPECT_EQ(weft::exitCode(ErrorCode::NewerVersion), 2);
  EXPECT_EQ(weft::exitCode(ErrorCode::JobFailed), 3);
  EXPECT_EQ(weft::exitCode(ErrorCode::OutOfMemory), 3);
  EXPECT_EQ(weft::exitCode(ErrorCode::Internal), 1);
}

TEST(Errors, AreOneLineOfValidUtf8WhateverTheyQuote) {
  const auto shown = [](const std::string& text) { return weft::fail(weft::ErrorCode::Corrupt, text).value().message; };
  EXPECT_EQ(shown("plain, µ, 漢, 😀."), "plain, µ, 漢, 😀.");
  EXPECT_EQ(shown("a\nb\tc\x1b[31md\x7f."), "a?b?c?[31md?.");
  EXPECT_EQ(shown(std::string("nul\0.", 5)), "nul?.");
  EXPECT_EQ(shown("\xC2\x85."), "?.") << "C1 control";
  EXPECT_EQ(shown("\xff\xc0\xaf."), "???.");
  EXPECT_EQ(shown("\xe2\x82."), "??.") << "cut short";
  EXPECT_EQ(shown("\xed\xa0\x80."), "???.") << "a surrogate";
  EXPECT_EQ(shown("\xf4\x90\x80\x80."), "????.") << "above U+10FFFF";
}
