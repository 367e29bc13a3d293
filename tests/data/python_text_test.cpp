// Expected values are Python 3.12's.
#include "engine/data/python_text.h"

#include <gtest/gtest.h>

#include <utility>

namespace weft::data {
namespace {

TEST(PythonText, CapitalizesAsStrCapitalize) {
  for (const auto& [text, expected] : {std::pair{"she", "She"},
                                       {"the iPod and the Radio", "The ipod and the radio"},
                                       {"ßie LAUFEN Über", "Ssie laufen über"},
                                       {"ǆULIA thinks", "ǅulia thinks"},
                                       {"ΣΟΦΟΣ ΑΣ", "Σοφος ας"},
                                       {"'tis A", "'tis a"},
                                       {"1ST Place", "1st place"},
                                       {"", ""},
                                       {" X", " x"},
                                       {"ŉA", "ʼNa"},
                                       {"ﬁNE", "Fine"},
                                       {"ა", "ა"}}) {
    EXPECT_EQ(capitalize(text), expected);
  }
}

TEST(PythonText, StripsAndCountsTheWhiteSpaceThatPythonKnows) {
  EXPECT_EQ(strip(" a b\n\nc "), "a b\n\nc");
  EXPECT_EQ(strip("\u00a0x\u3000y\x1cz\x1f"), "x\u3000y\x1cz");
  EXPECT_EQ(strip("\u0085"), "");
  EXPECT_EQ(strip("\u200b"), "\u200b");
  EXPECT_EQ(stripLeft(" \t a "), "a ");
  EXPECT_EQ(stripRight(" \t a "), " \t a");
  for (const auto& [text, parts] : {std::pair{"", 1},
                                    {" ", 2},
                                    {"a", 1},
                                    {" a b\n\nc ", 5},
                                    {"\u00a0x\u3000y\x1cz", 4},
                                    {"a\u200bb", 1},
                                    {"\u0085", 2}}) {
    EXPECT_EQ(countSplitAtSpace(text), parts) << text;
  }
  EXPECT_EQ(countCharacters("naïveté 🧶"), 9);
}

TEST(PythonText, ReplacesFromTheLeftWithoutOverlap) {
  EXPECT_EQ(replaceAll("= = = = =", "= =", "=="), "== == =");
  EXPECT_EQ(replaceAll("aaa", "aa", ""), "a");
}

}  // namespace
}  // namespace weft::data
