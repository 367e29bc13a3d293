#include "engine/store/run_marks.h"

#include "store_fixture.h"

namespace weft::store::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(RunTags, HaveCommasBetweenThemAndNoSpacesAroundThem) {
  EXPECT_THAT(parseTags("ablation, cla2 ,two words"), ElementsAre("ablation", "cla2", "two words"));
  EXPECT_THAT(parseTags("b,a,b, a"), ElementsAre("b", "a")) << "each once, in their order";
  EXPECT_THAT(parseTags(" , ,"), IsEmpty());
  EXPECT_THAT(parseTags(""), IsEmpty());
}

class RunMarks : public StoreTest {};

TEST_F(RunMarks, ARunAtWorkCannotBeArchived) {
  RunStore store = open();
  const RunId waiting = add(store, "waiting"), running = startRun(store, "running");
  EXPECT_TRUE(checkArchivable({*store.run(waiting)}));
  const Result<void> refused = checkArchivable({*store.run(waiting), *store.run(running)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
  EXPECT_THAT(refused.error().message, HasSubstr("Run 2 (running) is "));
  EXPECT_THAT(refused.error().message, HasSubstr("cannot be archived; stop it first."));
}

}  // namespace
}  // namespace weft::store::test
