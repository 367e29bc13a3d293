#include "engine/store/evaluations.h"

#include <gmock/gmock.h>

namespace weft::store {
namespace {

using ::testing::ElementsAre;

Evaluation evaluation(std::int64_t step, const std::string& task, double perplexity, double time = 0,
                      std::map<std::string, double> values = {}) {
  return {.step = step,
          .attempt = 0,
          .split = "valid",
          .task = task,
          .loss_nats = 1,
          .perplexity = perplexity,
          .tokens = 10,
          .time = time,
          .values = std::move(values)};
}

std::vector<double> perplexitiesOf(const std::vector<Evaluation>& evaluations) {
  std::vector<double> list;
  for (const Evaluation& one : evaluations) list.push_back(one.perplexity);
  return list;
}

TEST(Evaluations, TheCurveIsTrainingsOwnAndARepeatedStepsLastWordCounts) {
  const std::string own(kHeldOutTask);
  const std::vector<Evaluation> all{evaluation(10, own, 9),
                                    evaluation(10, "piqa", 1),
                                    evaluation(20, own, 8),
                                    evaluation(20, own, 7),
                                    evaluation(20, std::string(kTextTask), 2),
                                    evaluation(30, own, 6)};
  EXPECT_THAT(perplexitiesOf(heldOutCurve(all)), ElementsAre(9, 7, 6));
}

TEST(Evaluations, OfWhatWasAskedForTheNewestOfEachKind) {
  const std::string again(kHeldOutAgainTask);
  const std::vector<Evaluation> all{
      evaluation(10, std::string(kHeldOutTask), 9),    evaluation(10, again, 5, 100, {{"window", 64}}),
      evaluation(10, again, 4, 90, {{"window", 64}}),   // older: read later, asked before
      evaluation(10, again, 3, 110, {{"window", 32}}),  // another window
      evaluation(20, again, 2, 120, {{"window", 64}}),  // another checkpoint
      evaluation(20, "piqa", 1, 10, {{"items", 5}}),   evaluation(20, "piqa", 0, 11, {{"items", 5}})};
  EXPECT_THAT(perplexitiesOf(newestOnDemand(all)), ElementsAre(5, 3, 2, 0));
}

}  // namespace
}  // namespace weft::store
