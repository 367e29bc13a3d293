#include "engine/base/run_name.h"

#include <gmock/gmock.h>

#include <string>

namespace weft {
namespace {

using ::testing::HasSubstr;

TEST(RunName, IsWhatCanBeWrittenAgainWhereARunIsNamed) {
  for (const char* name : {"MQA-CLA2", "a", "run 3", "1.5B", "läuft 🙂", "H16:MQA", "x_y+z#2"})
    EXPECT_TRUE(checkRunName(name)) << name;
  EXPECT_TRUE(checkRunName(std::string(200, 'x')));
  for (const auto& [name, says] :
       std::initializer_list<std::pair<std::string, const char*>>{{"", "is empty"},
                                                                  {"  ", "is empty"},
                                                                  {std::string(201, 'x'), "at most 200"},
                                                                  {"a@best", "'@'"},
                                                                  {"a/b", "'/'"},
                                                                  {"a,b", "','"},
                                                                  {"-a", "an option"},
                                                                  {" a", "a blank"},
                                                                  {"a ", "a blank"},
                                                                  {"12", "a run's number"},
                                                                  {"a\nb", "UTF-8 without line breaks"},
                                                                  {"a\x1b[31m", "UTF-8 without line breaks"},
                                                                  {"a\xC2\x85", "UTF-8 without line breaks"},
                                                                  {"caf\xE9", "UTF-8 without line breaks"}}) {
    const Result<void> checked = checkRunName(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_THAT(checked.error().message, HasSubstr(says));
    EXPECT_EQ(checked.error().message.back(), '.');
  }
}

}  // namespace
}  // namespace weft
